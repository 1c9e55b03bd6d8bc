/** The command line: what is wrong is told in one message with the way out, and the exit code says whose fault it is. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { projectRoot } from '../../src/runtime/config.ts'
import { freePort } from '../../src/stack/port.ts'
import { closing, freshDatabase, freshName, roleProcess, settingsFor, sharedKafka } from '../support/environment.ts'

test('the help names every verb, and each verb explains its flags', async t => {
  const help = await run(t, '--help')
  const producer = await run(t, 'producer', {}, ['--help'])

  assert.equal(help.code, 0)
  for (const verb of ['start', 'producer', 'consumer', 'api', 'reset'])
    assert.match(help.said, new RegExp(`^  ${verb} `, 'm'))
  assert.equal(producer.code, 0)
  for (const flag of ['rate', 'count', 'seed', 'users', 'items']) assert.match(producer.said, new RegExp(`--${flag} `))
})

test('an unknown verb, an unknown flag and a value that cannot be end with code 2 and name it', async t => {
  const cases = [
    ['strat', [], /"strat" is no verb of footfall; the verbs: start, /],
    ['api', ['--port', '1'], /api: Unknown option '--port'/],
    ['producer', ['--count', 'many'], /--count is "many"; allowed: a whole number from 0/],
    ['producer', ['--rate', '-1'], /./],
    ['reset', ['now'], /reset: Unexpected argument 'now'/],
  ] as const
  for (const [verb, args, message] of cases) {
    const { code, said } = await run(t, verb, {}, args)
    assert.equal(code, 2, said)
    assert.match(said, message)
    assert.doesNotMatch(said, /\n {4}at /)
  }
})

test('the tools tell the same to people and to programs, and their code says whether all is well', async t => {
  const settings = settingsFor(sharedKafka(), await freshDatabase(), freshName('events'))

  const before = await run(t, 'status', settings)
  assert.equal(before.code, 1)
  assert.match(before.said, /there are no tables yet; .\/footfall setup makes them/)
  const setup = await run(t, 'setup', settings, ['--json'])
  assert.equal(setup.code, 0, setup.said)
  const { topic } = JSON.parse(setup.said) as { topic: { created: boolean; partitions: number } }
  assert.deepEqual([topic.created, topic.partitions], [true, 4])
  const again = await run(t, 'setup', settings)
  assert.match(again.said, /: found, 4 partitions\ntables: up to date/)
  const doctor = await run(t, 'doctor', settings, ['--json'])
  assert.equal(doctor.code, 0, doctor.said)
  assert.ok((JSON.parse(doctor.said) as { about: string }[]).some(({ about }) => about === 'Kafka'))
  const nobody = await run(t, 'doctor', { ...settings, POSTGRES_PORT: String(await freePort()) })
  assert.equal(nobody.code, 1)
  assert.match(
    nobody.said,
    /✘ Postgres .*PostgreSQL at .* cannot be reached \(.*ECONNREFUSED.*\): start it, or set POSTGRES_HOST/,
  )
})

test('all wrong settings are told at once with what is allowed, and no secret', async t => {
  const settings = {
    API_PORT: '99999',
    KAFKA_BOOTSTRAP_SERVERS: 'nowhere',
    POSTGRES_PASSWORD: 'hush',
    LOG_LEVEL: 'loud',
  }
  const verbs = ['start', 'setup', 'producer', 'consumer', 'api', 'status', 'doctor', 'reset']
  const answers = await Promise.all(verbs.map(verb => run(t, verb, settings)))
  for (const { code, said } of answers) {
    assert.equal(code, 2, said)
    assert.match(said, /API_PORT is "99999"; allowed: a whole number from 1 to 65535/)
    assert.match(said, /KAFKA_BOOTSTRAP_SERVERS is "nowhere"; allowed: host:port/)
    assert.match(said, /LOG_LEVEL is "loud"; allowed: debug, info, warn, error/)
    assert.doesNotMatch(said, /hush/)
  }
})

test('start names a data folder that it cannot write, and a Maven that cannot fetch, with the way out', async t => {
  const file = join(projectRoot, 'package.json')
  const free = { API_PORT: String(await freePort()), POSTGRES_HOST: '127.0.0.1' }
  const below = await run(t, 'start', { ...free, FOOTFALL_DATA: join(file, 'data') })
  assert.equal(below.code, 1)
  assert.match(below.said, /data folder: .*package\.json.data cannot be written .*FOOTFALL_DATA=/)
  const folder = mkdtempSync(join(tmpdir(), 'footfall-no-jars-'))
  closing(t, () => rmSync(folder, { recursive: true }))
  const nowhere = { MAVEN_OPTS: `-Dmaven.repo.local=/dev/null/repository`, FOOTFALL_DATA: folder }
  const unfetched = await run(t, 'start', { ...free, ...nowhere })
  assert.equal(unfetched.code, 1)
  assert.match(unfetched.said, /Maven could not fetch Kafka: .*local repository.*maven\.repo\.local/)
})

async function run(
  test: TestContext,
  verb: string,
  settings: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<{ code: number | null; said: string }> {
  const role = roleProcess(test, verb, settings, args)
  const { code } = await role.ended
  return { code, said: [...role.output, ...role.errors].join('\n') }
}
