/** An API as a test asks it: on 127.0.0.1, ready, and gone with the test. */
import { type RunningApi, startApi } from '../../src/api/api.ts'
import { defaultLimits, type Limits } from '../../src/api/limits.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import { closing, type Database, type Lifetime, until } from './environment.ts'

/**
 * @param asked settings, for an API that reads more than counts; else where the counts are.
 * @param port 0: any.
 */
export async function readyApi(
  life: Lifetime,
  asked: { readonly settings: Record<string, string> } | { readonly postgres: Database },
  limits: Partial<Limits> = {},
  port = 0,
): Promise<RunningApi> {
  const config = 'settings' in asked ? parseConfig(asked.settings) : { postgres: asked.postgres, api: {} }
  const address = { host: '127.0.0.1', port, awaitSeed: false }
  const log = createLog('tests', 'silent')
  const running = await startApi({ ...config, api: { ...config.api, ...address } }, log, {
    ...defaultLimits,
    ...limits,
  })
  closing(life, () => running.stop())
  await until(async () => (await fetch(`${running.url}/readyz`)).ok, 10_000, 'the API is ready')
  return running
}
