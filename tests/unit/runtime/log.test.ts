import assert from 'node:assert/strict'
import { test } from 'node:test'
import { events } from '../../../src/runtime/events.ts'
import { createLog } from '../../../src/runtime/log.ts'

function hear(level: string) {
  const lines: Record<string, unknown>[] = []
  return { log: createLog('consumer', level, line => lines.push(JSON.parse(line))), lines }
}

test('a line has level, time, role, event, facts and the message for people', () => {
  const { log, lines } = hear('info')
  log('partition_halted', { partition: 3, reason: 'gap' })
  const { time, ...line } = lines[0]!
  assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 10_000)
  assert.deepEqual(line, {
    level: 'error',
    role: 'consumer',
    event: 'partition_halted',
    partition: 3,
    reason: 'gap',
    msg: events.partition_halted.message,
  })
})

test('what is below the level is not written, and silent writes nothing', () => {
  for (const [level, expected] of [
    ['debug', 3],
    ['info', 2],
    ['warn', 1],
    ['silent', 0],
  ] as const) {
    const { log, lines } = hear(level)
    log('fetch_repeated')
    log('kafka_back')
    log('partition_halted')
    assert.equal(lines.length, expected, level)
  }
})

test('of an error its message, code and place are shown, but no values of rows', () => {
  const { log, lines } = hear('info')
  const error = Object.assign(new Error('duplicate key'), { code: '23505', detail: 'Key (value)=(secret) exists' })
  log('process_failed', { err: error })
  const { err } = lines[0] as { err: Record<string, unknown> }
  assert.deepEqual([err['message'], err['code']], ['duplicate key', '23505'])
  assert.match(String(err['stack']), /log\.test\.ts/)
  assert.doesNotMatch(JSON.stringify(lines), /secret/)
})
