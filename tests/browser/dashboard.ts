/** The API that serves the page, over the shared Kafka and PostgreSQL. */
import { type RunningApi, startApi } from '../../src/api/api.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import type { Place } from '../support/counting.ts'
import { closing, type Lifetime, settingsFor, sharedKafka, until } from '../support/environment.ts'

/** What opens rejects and Try it. */
export const token = 'a-token-of-the-tests'

/** @param port 0: any. @param settings of the API. Stopped after the test. */
export async function startDashboard(
  test: Lifetime,
  { topic, database, kafka = sharedKafka() }: Place,
  settings: Readonly<Record<string, string>> = {},
  port = 0,
): Promise<RunningApi> {
  const config = parseConfig({ ...settingsFor(kafka, database, topic), ...settings })
  const running = await startApi({ ...config, api: { ...config.api, port } }, createLog('api', 'silent'))
  closing(test, () => running.stop())
  await until(async () => (await fetch(`${running.url}/readyz`)).ok, 10_000, 'the API is ready')
  return running
}
