import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig, type Source, WrongSettings } from '../../../src/runtime/config.ts'
import { settings } from '../../../src/runtime/settings.ts'

const longest = (pattern: string, length: number) => pattern.repeat(length)
const numbers = (name: string, min: number, max: number, unit = 1) =>
  [
    name,
    [String(min), String(max), ` ${min} `],
    [String(min - unit), String(max + unit), `${min}.5`, '', ' ', 'many', '-1', '+1', '1e1', '0x1', '1 000', 'NaN'],
    `a whole number from ${min} to ${max}`,
  ] as const
const flag = (name: string) => [name, ['true', 'false'], ['yes', '1', 'True', ''], 'true or false'] as const
const name63 = (name: string) =>
  [
    name,
    ['footfall', '_x', 'A-1$', longest('a', 63)],
    ['1a', 'a b', 'a"b', longest('a', 64), ''],
    'a PostgreSQL name of 1 to 63 characters',
  ] as const
const host = (name: string) =>
  [
    name,
    ['localhost', '10.0.0.1', '::1', 'fe80::1', '/var/run/postgresql'],
    ['a b', 'http://a', 'localhost:1', 'db:5432', ''],
    'a host name or an address, without a port or a user, or the folder of a socket',
  ] as const
const kafkaName = '1 to 249 of the characters A-Z a-z 0-9 . _ -'

/** A secret is not told. */
const shown = (name: string, value: string) => (name === 'ADMIN_TOKEN' ? 'set' : `"${value}"`)

/** Every setting: what is taken, what is refused, and what the message says is allowed. */
const cases: readonly (readonly [name: string, good: readonly string[], bad: readonly string[], allowed: string])[] = [
  [
    'KAFKA_BOOTSTRAP_SERVERS',
    ['a:1', 'a.b-c_d:65535', '[::1]:9092', 'a:1, b:2'],
    ['a', 'a:', 'a:0', 'a:65536', 'a:b', 'a:1,', 'kafka://a:1', 'a b:1', ''],
    'host:port, or several separated by commas, with ports from 1 to 65535',
  ],
  [
    'KAFKA_TOPIC_USER_ACTIVITIES',
    ['a', 'a.b_c-D', '...', longest('a', 249)],
    ['', '.', '..', 'a b', 'ä', longest('a', 250)],
    kafkaName,
  ],
  [
    'KAFKA_CONSUMER_GROUP',
    ['a', 'a:b/ä', longest('a', 255)],
    ['', 'a b', longest('a', 256)],
    '1 to 255 characters without blanks',
  ],
  ['KAFKA_GROUP_INSTANCE_ID', ['a', longest('a', 249)], ['', 'a b', longest('a', 250)], kafkaName],
  numbers('KAFKA_PORT', 1, 65_535),
  numbers('KAFKA_TOPIC_PARTITIONS', 1, 10_000),
  numbers('KAFKA_TOPIC_REPLICATION', 1, 100),
  numbers('KAFKA_TOPIC_RETENTION_DAYS', 1, 36_500),
  host('POSTGRES_HOST'),
  numbers('POSTGRES_PORT', 1, 65_535),
  name63('POSTGRES_DB'),
  name63('POSTGRES_USER'),
  ['POSTGRES_PASSWORD', ['x', ' ', 'with "quotes"'], [], 'any text'],
  ['POSTGRES_TLS', ['disable'], ['require', 'off', 'true', ''], 'disable, verify-ca, verify-full'],
  [
    'PRODUCER_EVENT_RATE',
    ['0', '0.1', '2', '100000'],
    ['-1', '100000.1', 'fast', '', '1e3', '.5'],
    'a number from 0 to 100000',
  ],
  numbers('PRODUCER_USERS', 1, 10_000_000),
  numbers('PRODUCER_ITEMS', 1, 10_000_000),
  numbers('MAX_EVENT_AGE_DAYS', 1, 36_500),
  numbers('MAX_EVENT_AHEAD_MINUTES', 0, 525_600),
  numbers('DEDUPE_WINDOW_HOURS', 1, 8_760),
  numbers('DEDUPE_MAX_IDS', 65_536, 50_000_000),
  numbers('CONSUMER_MAX_BATCH_BYTES', 1_048_576, 1_073_741_824),
  numbers('CONSUMER_MAX_PENDING_RECORDS', 1_000, 10_000_000),
  host('API_HOST'),
  numbers('API_PORT', 1, 65_535),
  [
    'ADMIN_TOKEN',
    [longest('a', 16), `!~${longest('Z', 1_022)}`],
    [longest('a', 15), longest('a', 1_025), 'sixteen but blank', longest('ä', 16), ''],
    '16 to 1024 visible ASCII characters',
  ],
  numbers('HEALTH_PORT', 1, 65_535),
  host('HEALTH_HOST'),
  ['LOG_LEVEL', ['debug', 'info', 'warn', 'error'], ['trace', 'INFO', ''], 'debug, info, warn, error'],
  ['FOOTFALL_DATA', ['.footfall', '/a b'], [''], 'the path of a folder'],
  flag('TRY_IT'),
  flag('FOOTFALL_AWAIT_SEED'),
  flag('FOOTFALL_SUPERVISED'),
]

/** They need each other, and have tests of their own in kafka-security.test.ts. */
const together = /^KAFKA_(SECURITY|SASL|SSL)_/

test('there is a case for every setting', () => {
  const names = settings.flatMap(({ name, type }) =>
    type.kind === 'pem' || together.test(name) ? [] : [name as string],
  )
  assert.deepEqual(cases.map(([name]) => name).sort(), names.sort())
})

for (const [name, good, bad, allowed] of cases) {
  test(`${name} is taken within its range, and outside of it one message names it and the range`, () => {
    for (const value of good) assert.doesNotThrow(() => parseConfig({ [name]: value }), `"${value}"`)
    for (const value of bad)
      assert.deepEqual(problemsOf({ [name]: value }), [`${name} is ${shown(name, value)}; allowed: ${allowed}`])
  })
}

test('all wrong settings are told at once, those found before included', () => {
  const wrong = { API_PORT: '0', LOG_LEVEL: 'loud', PRODUCER_EVENT_RATE: 'fast' }
  const problems = problemsOf(wrong, ['POSTGRES_PORTS in .env is no setting; did you mean POSTGRES_PORT?'])
  assert.equal(problems.length, 4)
  for (const name of [...Object.keys(wrong), 'POSTGRES_PORTS']) {
    assert.equal(problems.filter(problem => problem.startsWith(`${name} `)).length, 1, name)
  }
})

test('without any setting the defaults are those of the contract', () => {
  const { kafka, postgres, producer, rules, consumer, api, logLevel, given, health } = parseConfig({})
  assert.deepEqual(kafka, {
    bootstrapServers: ['127.0.0.1:9092'],
    topic: 'user_activities',
    group: 'footfall',
    groupInstanceId: undefined,
    partitions: 4,
    replication: undefined,
    retentionDays: 30,
    security: { protocol: 'PLAINTEXT', sasl: undefined, tls: undefined },
  })
  const footfall = { database: 'footfall', user: 'footfall', password: 'footfall' }
  const tls = { mode: 'disable', ca: undefined, certificate: undefined, key: undefined }
  assert.deepEqual(postgres, { host: '127.0.0.1', port: 5432, ...footfall, tls })
  assert.equal(producer.eventsPerSecond, 2)
  assert.deepEqual(rules, { maxAgeDays: 400, maxAheadMinutes: 60, windowHours: 24, windowIdsMax: 2_000_000 })
  assert.deepEqual(consumer, { batchBytesMax: 134_217_728, pendingRecordsMax: 5_000_000 })
  assert.deepEqual(api, { host: '127.0.0.1', port: 8000, awaitSeed: false, adminToken: undefined, tryIt: false })
  assert.deepEqual(
    [logLevel, health, given],
    ['info', { host: '127.0.0.1', port: undefined }, { kafka: false, postgres: false }],
  )
})

test('what somebody named comes before the running stack, and that before the default', () => {
  const running = { KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:1111', POSTGRES_HOST: '127.0.0.1', POSTGRES_PORT: '2222' }
  const embedded = parseConfig({}, running)
  assert.deepEqual([embedded.kafka.bootstrapServers, embedded.postgres.port], [['127.0.0.1:1111'], 2222])
  assert.deepEqual(embedded.given, { kafka: false, postgres: false })
  const own = parseConfig(
    { KAFKA_BOOTSTRAP_SERVERS: 'mine:9092', POSTGRES_HOST: 'mine', POSTGRES_PORT: '5433' },
    running,
  )
  assert.deepEqual(own.kafka.bootstrapServers, ['mine:9092'])
  assert.deepEqual([own.postgres.host, own.postgres.port], ['mine', 5433])
  assert.deepEqual(own.given, { kafka: true, postgres: true })
})

test('an embedded PostgreSQL is found where it listens, whatever a copied .env.example says of its port', () => {
  const running = { POSTGRES_HOST: '127.0.0.1', POSTGRES_PORT: '2222' }
  assert.equal(parseConfig({ POSTGRES_PORT: '5432' }, running).postgres.port, 2222)
  assert.equal(parseConfig({ POSTGRES_PORT: '5432' }).postgres.port, 5432)
})

test('a secret in an address is not shown', () => {
  const problems = problemsOf({ POSTGRES_HOST: 'postgres://me:hush@host/db', KAFKA_BOOTSTRAP_SERVERS: 'me:hush@host' })
  assert.equal(problems.length, 2)
  for (const problem of problems) assert.ok(!problem.includes('hush') && problem.includes('***@host'), problem)
})

function problemsOf(named: Source, before: readonly string[] = []): readonly string[] {
  try {
    parseConfig(named, {}, before)
  } catch (error) {
    assert.ok(error instanceof WrongSettings)
    for (const problem of error.problems) assert.ok(error.message.includes(problem))
    return error.problems
  }
  return []
}
