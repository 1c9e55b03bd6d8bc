/** The documents for machines, by a linter that knows their specifications: every warning is an error. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildApi } from '../../src/api/api.ts'
import { defaultLimits } from '../../src/api/limits.ts'
import { connectPool } from '../../src/postgres/connect.ts'
import { parseConfig, projectRoot } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import { closing, freshName, sharedFolder } from '../support/environment.ts'

test('/openapi.json and docs/asyncapi.yaml keep their specifications and what is recommended beside', async t => {
  const pool = connectPool(parseConfig({ POSTGRES_HOST: '127.0.0.1', POSTGRES_PORT: '1' }))
  closing(t, () => pool.end())
  // With a token it has all the paths that there are.
  const config = parseConfig({ ADMIN_TOKEN: 'sixteen-or-more-characters', TRY_IT: 'true' })
  const app = await buildApi(pool, async () => [], createLog('tests', 'silent'), defaultLimits, config)
  closing(t, () => app.close())
  const openapi = join(sharedFolder(), `${freshName('openapi')}.json`)
  writeFileSync(openapi, JSON.stringify(app.swagger()))
  for (const document of [openapi, join(projectRoot, 'docs/asyncapi.yaml')]) {
    const { code, said } = await lint(document)
    assert.equal(code, 0, said)
  }
  const broken = join(sharedFolder(), `${freshName('openapi')}.json`)
  writeFileSync(broken, JSON.stringify({ ...app.swagger(), tags: [{ name: 'without a description' }] }))
  assert.deepEqual((await lint(broken)).code, 1, 'the linter finds what is wrong')
})

function lint(document: string): Promise<{ code: number; said: string }> {
  const linter = join(projectRoot, 'node_modules/@redocly/cli/bin/cli.js')
  const args = [linter, 'lint', '--config', join(projectRoot, 'redocly.yaml'), document]
  const quiet = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1' }
  return new Promise(resolve => {
    const child = execFile(process.execPath, args, { env: { ...process.env, ...quiet } }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, said: stdout + stderr })
    })
  })
}
