import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Child } from '../../../src/stack/child.ts'
import { awaitReady, lastWord, tail } from '../../../src/stack/ready.ts'

test('the last word of a role is the error it ended with, not its goodbye', t => {
  const log = logWith(t, [
    { level: 'info', msg: 'started' },
    { level: 'error', err: { message: 'the rules differ: setup --change-rules' }, msg: 'failed' },
    { level: 'info', msg: 'stopped' },
  ])

  assert.equal(lastWord(log), 'failed: the rules differ: setup --change-rules')
})

test('a question that is never answered is asked again', async () => {
  const child = { name: 'Kafka', running: () => true } as Child
  let asked = 0
  const attempt = () => (asked++ === 0 ? new Promise<void>(() => {}) : Promise.resolve())

  await awaitReady(child, { deadlineMs: 60_000, attempt, attemptMs: 10 })

  assert.equal(asked, 2)
})

test('the last word of a role that told no error is its last line', t => {
  const lines = [{ level: 'error', msg: 'an old one' }, { msg: 'a' }, { msg: 'b' }, { msg: 'waiting', why: 'no topic' }]

  assert.equal(lastWord(logWith(t, lines)), 'waiting: no topic')
})

test('a role that crashed in words of its own is quoted, and one that said nothing is named so', t => {
  assert.equal(lastWord(logWith(t, ['', 'Node.js v26.10.0'])), 'Node.js v26.10.0')
  assert.equal(lastWord('/nowhere/at.all'), '(it wrote nothing)')
})

test('the tail of a log is its last lines', t => {
  const log = logWith(
    t,
    Array.from({ length: 5_000 }, (_, line) => `line ${line}`),
  )

  assert.equal(tail(log, 2), 'line 4998\nline 4999')
})

function logWith(test: TestContext, lines: readonly (string | object)[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'footfall-unit-'))
  test.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'role.log')
  writeFileSync(file, lines.map(line => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''))
  return file
}
