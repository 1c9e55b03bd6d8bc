import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settings } from '../../src/runtime/settings.ts'
import { roleProcess } from '../support/environment.ts'

const secret = 'hush-hush'

test('a role with wrong settings names each of them once with its range, ends with code 2 and prints no secret', async t => {
  // What takes any text cannot be wrong.
  const named = settings.filter(({ name }) => !name.endsWith('_PASSWORD') && name !== 'FOOTFALL_DATA')
  // A blank in it is right for none of them; an empty one counts as not set. What is PEM is not shown.
  const wrong = { ...Object.fromEntries(named.map(({ name }) => [name, 'not right'])), API_HOST: '' }
  const passwords = { POSTGRES_PASSWORD: secret, KAFKA_SASL_PASSWORD: secret }
  const consumer = roleProcess(t, 'consumer', { ...wrong, ...passwords })
  const { code } = await consumer.ended
  const said = [...consumer.output, ...consumer.errors]
  assert.equal(code, 2, said.join('\n'))
  for (const { name } of named) {
    const lines = said.filter(line => line.trim().startsWith(`${name} is`))
    assert.equal(lines.length, name === 'API_HOST' ? 0 : 1, name)
    if (name !== 'API_HOST') assert.match(lines[0]!, /is ("not right"|set(, but .*)?); allowed: .{5}/)
  }
  assert.ok(!said.join('\n').includes(secret))
  assert.ok(!said.some(line => /^\s+at /.test(line)), 'no stack trace')
})

test('one wrong setting is one message, whatever the role', async t => {
  const roles = ['producer', 'consumer', 'api'].map(role =>
    roleProcess(t, role, { DEDUPE_WINDOW_HOURS: '0', POSTGRES_PASSWORD: secret }),
  )
  for (const { ended, output, errors } of roles) {
    assert.deepEqual(await ended, { code: 2, signal: null })
    const said = [...output, ...errors].join('\n')
    assert.equal(said.match(/allowed:/g)?.length, 1, said)
    assert.match(said, /DEDUPE_WINDOW_HOURS is "0"; allowed: a whole number from 1 to 8760/)
    assert.ok(!said.includes(secret))
  }
})
