import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { defaultLimits } from '../../../src/api/limits.ts'
import { problems } from '../../../src/api/problem.ts'
import { projectRoot } from '../../../src/runtime/config.ts'

const page = readFileSync(join(projectRoot, 'docs/api.md'), 'utf8')

test('docs/api.md lists exactly the codes there are, with their status, meaning and way out', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\d{3}) \| (.+) \| (.+) \|$/gm)]
  const listed = rows.map(([, code, status, title, about]) => [code, { status: Number(status), title, about }])
  assert.deepEqual(Object.fromEntries(listed), problems)
  assert.equal(rows.length, Object.keys(problems).length)
})

test('docs/api.md says every limit as it is', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| ([\d,]+) \| .+ \|$/gm)].filter(([, name]) => name! in defaultLimits)
  const listed = rows.map(([, name, value]) => [name, Number(value!.replaceAll(',', ''))])
  assert.deepEqual(Object.fromEntries(listed), defaultLimits)
})
