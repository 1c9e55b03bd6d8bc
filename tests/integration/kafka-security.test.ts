/** Kafka over SASL and TLS, on one broker that has a listener of every kind. */
import assert from 'node:assert/strict'
import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { Base, type Connection } from '@platformatic/kafka'
import { clusterOptions, openClient } from '../../src/kafka/cluster.ts'
import { Refused } from '../../src/kafka/refusal.ts'
import { describeTopic } from '../../src/kafka/topic.ts'
import { startProducer } from '../../src/producer/producer.ts'
import { type Config, loadConfig, parseConfig, type Source } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import { examineKafka } from '../../src/upkeep/doctor/kafka.ts'
import { setup } from '../../src/upkeep/setup/setup.ts'
import { readStatus } from '../../src/upkeep/status/status.ts'
import { createAuthority } from '../support/certificates.ts'
import { countedTable, recount, type Sent, untilRead } from '../support/counting.ts'
import {
  type Address,
  closing,
  connect,
  freshDatabase,
  freshName,
  roleProcess,
  settingsFor,
  sharedFolder,
  until,
} from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { readForeign, type Security, sendForeign } from '../support/foreign.ts'
import { startHeard } from '../support/heard.ts'
import { type ListenerName, plainUser, securedKafka, securitySettings } from '../support/secured-kafka.ts'

const everything = ['topic *: ALL', 'group *: ALL', 'cluster kafka-cluster: ALL']

/** What all clients of this process sent to a port: connections, and steps of SASL (SCRAM takes two). */
function watchWire(address: Address) {
  const seen = { connects: 0, saslSteps: 0 }
  subscribe('tracing:plt:kafka:connections:connects:start', message => {
    if ((message as { port: number }).port === address.port) seen.connects += 1
  })
  subscribe('tracing:plt:kafka:connections:api:start', message => {
    const { connection, apiKey } = message as { connection: Connection; apiKey: number }
    if (connection.port === address.port && apiKey === 36) seen.saslSteps += 1
  })
  return seen
}

async function produce(t: TestContext, config: Config, count: number, seed: string): Promise<void> {
  const producer = await startProducer(config, createLog('producer', 'silent'), { count, seed })
  closing(t, () => producer.stop())
  await producer.ended
}

test('Kafka over SASL and TLS', { concurrency: true }, async t => {
  const kafka = await securedKafka(t)
  const { authority } = kafka
  const carl = authority.issue({ name: 'carl' })
  for (const user of ['ada', 'rita', 'sue']) await kafka.addUser(user)
  for (const user of ['ada', 'rita', 'sue', plainUser.name, 'CN=carl']) await kafka.allow(`User:${user}`, ...everything)
  const settings = (listener: ListenerName, who: Parameters<typeof securitySettings>[2] = {}) => ({
    KAFKA_BOOTSTRAP_SERVERS: kafka.at(listener).address,
    ...securitySettings(kafka, listener, who),
  })
  const works: Promise<void>[] = []
  const check = (name: string, body: (t: TestContext) => Promise<void>) => void works.push(t.test(name, body))

  const ca = [authority.certificate]
  const ways: [string, ListenerName, Parameters<typeof securitySettings>[2], Security, string][] = [
    [
      'SASL_SSL with SCRAM-SHA-512',
      'saslTls',
      { user: 'ada' },
      { ssl: { ca }, sasl: { mechanism: 'scram-sha-512', username: 'ada', password: 'ada-secret' } },
      'SASL_SSL, SCRAM-SHA-512 as User:ada',
    ],
    [
      'SSL with a client certificate',
      'tlsClients',
      { client: carl },
      { ssl: { ca, cert: carl.certificate, key: carl.key } },
      'SSL, as User:CN=carl',
    ],
    [
      'SASL_PLAINTEXT with PLAIN',
      'sasl',
      { user: plainUser.name, mechanism: 'PLAIN' },
      { sasl: { mechanism: 'plain', username: plainUser.name, password: plainUser.password } },
      'SASL_PLAINTEXT, PLAIN as User:paula',
    ],
    [
      'SASL_PLAINTEXT with SCRAM-SHA-256',
      'sasl',
      { user: 'ada', mechanism: 'SCRAM-SHA-256' },
      { sasl: { mechanism: 'scram-sha-256', username: 'ada', password: 'ada-secret' } },
      'SASL_PLAINTEXT, SCRAM-SHA-256 as User:ada',
    ],
  ]
  for (const [name, listener, who, security, shown] of ways) {
    check(
      `${name}: setup, producer, consumer, status and doctor do their work, and a foreign client reads the same`,
      async t => {
        const [topic, database] = [freshName('events'), await freshDatabase()]
        const given = { ...settingsFor(kafka.at(listener), database, topic), ...securitySettings(kafka, listener, who) }
        const config = parseConfig({ ...given, PRODUCER_EVENT_RATE: '0' })
        assert.deepEqual((await setup(config)).topic.created, true)
        await produce(t, config, 300, topic)
        await startHeard(t, { topic, database, settings: given })
        const client = await connect(t, database)
        await untilRead(client, 300)
        const values = await readForeign(t, topic, 300, kafka.at(listener), security)
        const sent = values.map(value => JSON.parse(value.toString()) as Sent)
        assert.deepEqual(await countedTable(client), recount(sent))
        const status = await readStatus(config)
        assert.deepEqual([status?.kafkaProblem, status?.totals.counted, status?.totals.lag], [null, 300, 0])
        const findings = await examineKafka(config)
        assert.deepEqual([...new Set(findings.map(({ verdict }) => verdict))], ['fine'], JSON.stringify(findings))
        assert.ok(findings[0]!.detail.includes(shown), findings[0]!.detail)
      },
    )
  }

  const stranger = createAuthority('Another CA')
  const strangersCa = { KAFKA_SSL_CA: stranger.certificate }
  const withClient = (identity: { certificate: string; key: string }) => ({ client: identity })
  const ada = { user: 'ada' }
  const plaintext = (listener: ListenerName) => ({ KAFKA_BOOTSTRAP_SERVERS: kafka.at(listener).address })
  const refused: [string, Source, RegExp][] = [
    [
      'a wrong password with SCRAM',
      settings('sasl', { user: 'ada', password: 'guess' }),
      /refuses user ada or its password: check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD, .* SCRAM-SHA-512$/,
    ],
    [
      'a wrong password with PLAIN',
      settings('saslTls', { user: 'paula', password: 'guess', mechanism: 'PLAIN' }),
      /refuses user paula or its password/,
    ],
    ['an unknown user', settings('sasl', { user: 'nobody' }), /refuses user nobody or its password/],
    [
      'a mechanism that is not enabled',
      settings('saslScramOnly', { user: 'paula', mechanism: 'PLAIN' }),
      /does not take PLAIN: set KAFKA_SASL_MECHANISM to what it takes, SCRAM-SHA-512$/,
    ],
    [
      'SASL to a listener without',
      { ...settings('tls'), ...securitySettings(kafka, 'saslTls', ada) },
      /takes no user and password: set KAFKA_SECURITY_PROTOCOL to SSL,/,
    ],
    [
      'no SASL to a listener with it',
      plaintext('saslScramOnly'),
      /asks for user and password \(SCRAM-SHA-512\): set KAFKA_SECURITY_PROTOCOL to SASL_PLAINTEXT/,
    ],
    [
      'TLS alone to a listener with SASL',
      { ...settings('tls'), ...plaintext('saslTls') },
      /asks for user and password .*: set KAFKA_SECURITY_PROTOCOL to SASL_SSL/,
    ],
    [
      'a certificate of another CA',
      { ...settings('tls'), ...strangersCa },
      /certificate of \S+ is of none of the CAs in KAFKA_SSL_CA/,
    ],
    [
      'a certificate of a CA that nobody knows',
      { ...settings('tls'), KAFKA_SSL_CA: undefined },
      /is of no CA that Node knows: set KAFKA_SSL_CA_FILE/,
    ],
    ['an expired certificate', settings('tlsExpired'), /certificate of \S+ has expired/],
    [
      'a certificate of another host',
      settings('tlsElsewhere'),
      /certificate of \S+ is for another host \(.*127\.0\.0\.1/,
    ],
    ['plain text to a TLS port', plaintext('tls'), /speaks TLS: set KAFKA_SECURITY_PROTOCOL to SSL or SASL_SSL/],
    [
      'SASL in plain text to a TLS port',
      { ...settings('sasl', ada), ...plaintext('saslTls') },
      /speaks TLS: set KAFKA_SECURITY_PROTOCOL to SASL_SSL/,
    ],
    [
      'TLS to a plain text port',
      { ...settings('tls'), KAFKA_BOOTSTRAP_SERVERS: kafka.plain.address },
      /does not speak TLS: name its TLS port, or set KAFKA_SECURITY_PROTOCOL to PLAINTEXT/,
    ],
    [
      'TLS and SASL to a plain text port',
      { ...settings('saslTls', ada), ...plaintext('sasl') },
      /does not speak TLS: .* SASL_PLAINTEXT$/,
    ],
    [
      'no client certificate where one is required',
      settings('tlsClients'),
      /asks for a client certificate \(.*\): set KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE/,
    ],
    [
      'a client certificate of another CA',
      settings('tlsClients', withClient(stranger.issue({ name: 'carl' }))),
      /refuses the certificate in KAFKA_SSL_CERT/,
    ],
    [
      'an expired client certificate',
      settings('tlsClients', withClient(authority.issue({ name: 'carl', fromDays: -9, untilDays: -1 }))),
      /refuses the certificate in KAFKA_SSL_CERT/,
    ],
  ]
  check('who is refused reads why, and what to set', async () => {
    for (const [what, given, sentence] of refused) {
      const config = parseConfig(given)
      const begun = performance.now()
      const error = await describeTopic(config).then(
        () => assert.fail(`${what} was let in`),
        error => error as Error,
      )
      assert.ok(error instanceof Refused, `${what}: ${error.stack}`)
      assert.match(error.message, sentence, what)
      assert.ok(error.message.includes('127.0.0.1:'), `${what}: which broker? ${error.message}`)
      assert.doesNotMatch(error.message, /secret|guess|BEGIN/)
      assert.ok(performance.now() - begun < 8_000, `${what} took too long`)
      const [finding] = await examineKafka(config)
      assert.equal(finding?.verdict, 'wrong')
      assert.match(finding.detail, sentence)
    }
  })

  check('roles and tools say it: setup ends, status shows it, a consumer says it once and tries on', async t => {
    const database = await freshDatabase()
    const topic = freshName('events')
    await setup(parseConfig({ ...settingsFor(kafka.plain, database, topic) }))
    const given = {
      ...settingsFor(kafka.at('tls'), database, topic),
      ...securitySettings(kafka, 'tls'),
      ...strangersCa,
    }
    const sentence = /certificate of 127\.0\.0\.1:\d+ is of none of the CAs in KAFKA_SSL_CA/
    const tools = ['setup', 'status'].map(verb => roleProcess(t, verb, given))
    const [ended, shown] = await Promise.all(tools.map(({ ended }) => ended))
    assert.deepEqual([ended?.code, shown?.code], [1, 1])
    assert.match(tools[0]!.errors.join('\n'), sentence)
    assert.match(tools[1]!.output.join('\n'), sentence)
    const consumer = await startHeard(t, { topic, database, settings: given })
    await until(() => consumer.said('kafka_refused').length > 0, 10_000, 'the consumer says that it is refused')
    assert.match(consumer.said('kafka_refused')[0]!.why!, sentence)
  })

  check('a port that takes connections and says nothing is given up', async t => {
    const sockets = new Set<Socket>()
    const silent = createServer(socket => void sockets.add(socket)).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    closing(t, () => {
      for (const socket of sockets) socket.destroy()
      silent.close()
    })
    const KAFKA_BOOTSTRAP_SERVERS = `127.0.0.1:${(silent.address() as AddressInfo).port}`
    for (const given of [settings('tls'), settings('sasl', ada), settings('saslTls', ada)]) {
      const begun = performance.now()
      await assert.rejects(describeTopic(parseConfig({ ...given, KAFKA_BOOTSTRAP_SERVERS })))
      assert.ok(performance.now() - begun < 25_000)
    }
  })

  check('a session of months is not prolonged every millisecond', async () => {
    const wire = watchWire(kafka.at('saslLong'))
    const client = openClient(
      clusterOptions(parseConfig(settings('saslLong', ada)), 'test'),
      options => new Base(options),
    )
    for (let n = 0; n < 50; n++) await client.metadata({ topics: [], forceUpdate: true })
    await client.close()
    assert.deepEqual(wire, { connects: 1, saslSteps: 2 })
  })

  check('the TLS greeting names the host, by which brokers behind one address are told apart', async t => {
    const { certificate: cert, key } = authority.issue({ name: 'broker', hosts: ['localhost', '127.0.0.1'] })
    const greeted: string[] = []
    const SNICallback = (name: string, next: (error: null) => void) => {
      greeted.push(name)
      next(null)
    }
    const broker = createTlsServer({ cert, key, SNICallback }, socket => socket.destroy()).listen(0, '127.0.0.1')
    await once(broker, 'listening')
    closing(t, () => broker.close())
    const { port } = broker.address() as AddressInfo
    for (const host of ['127.0.0.1', 'localhost']) {
      const config = parseConfig({ ...settings('tls'), KAFKA_BOOTSTRAP_SERVERS: `${host}:${port}` })
      await assert.rejects(describeTopic(config), /Connection closed/)
    }
    assert.deepEqual([...new Set(greeted)], ['localhost'])
  })

  check('secrets and certificates come from files', async () => {
    const folder = sharedFolder()
    const written = (content: string) => {
      const path = join(folder, freshName('secret'))
      writeFileSync(path, `${content}\n`)
      return path
    }
    const { KAFKA_SASL_PASSWORD, KAFKA_SSL_CA, ...rest } = settings('saslTls', ada) as Record<string, string>
    const files = {
      KAFKA_SASL_PASSWORD_FILE: written(KAFKA_SASL_PASSWORD!),
      KAFKA_SSL_CA_FILE: written(`${stranger.certificate}\n# ours\n${KAFKA_SSL_CA}`),
    }
    const topic = freshName('none')
    const config = loadConfig({ ...rest, ...files, KAFKA_TOPIC_USER_ACTIVITIES: topic })
    assert.equal(await describeTopic(config), undefined)
  })

  check('credentials that are refused are offered ever more seldom, and work once they are mended', async t => {
    const [topic, database] = [freshName('events'), await freshDatabase()]
    const place = kafka.at('saslScramOnly')
    const wire = watchWire(place)
    const given = {
      ...settingsFor(place, database, topic),
      ...securitySettings(kafka, 'saslScramOnly', { user: 'late' }),
    }
    const begun = performance.now()
    const consumer = await startHeard(t, { topic, database, settings: given })
    await until(() => wire.saslSteps >= 3, 20_000, 'three attempts')
    const seconds = (performance.now() - begun) / 1_000
    assert.ok(seconds > 2.5, `the third attempt came after ${seconds} s`)
    assert.equal(consumer.said('kafka_refused').length, 1, 'it was said more than once')
    assert.match(consumer.said('kafka_refused')[0]!.why!, /refuses user late or its password/)
    await kafka.allow('User:late', ...everything)
    await kafka.addUser('late')
    await until(() => consumer.said('partitions_assigned').length > 0, 30_000, 'the consumer goes on by itself')
  })

  check('sessions that end soon are prolonged: no connection is lost, and every event counts', async t => {
    const [topic, database] = [freshName('events'), await freshDatabase()]
    const place = kafka.at('saslShort')
    const given = { ...settingsFor(place, database, topic), ...securitySettings(kafka, 'saslShort', { user: 'sue' }) }
    const config = parseConfig({ ...given, PRODUCER_EVENT_RATE: '200' })
    await setup(config)
    const consumer = await startHeard(t, { topic, database, settings: given })
    const sent: { event?: string; made?: number; acknowledged?: number }[] = []
    const log = createLog('producer', 'info', line => sent.push(JSON.parse(line)))
    const producer = await startProducer(config, log)
    closing(t, () => producer.stop())
    const client = await connect(t, database)
    await until(async () => (await countedTable(client)).size > 0, 20_000, 'the first events are counted')
    await until(() => consumer.said('partition_opened').length === 4, 10_000, 'all partitions are open')
    const wire = watchWire(place)
    await until(() => wire.saslSteps >= 8, 30_000, 'four connections have authenticated once more')
    assert.equal(wire.connects, 0, 'connections were made again')
    await producer.stop()
    const books = sent.find(({ event }) => event === 'events_sent')
    assert.equal(books?.acknowledged, books?.made)
    await untilRead(client, books!.made!)
    const trouble = consumer.lines.filter(({ event }) => /^kafka_|membership_lost/.test(event))
    assert.deepEqual(trouble, [])
  })

  check('a user that is removed while a consumer runs is said, and counting goes on when it is back', async t => {
    const [topic, database] = [freshName('events'), await freshDatabase()]
    const given = {
      ...settingsFor(kafka.at('saslBrief'), database, topic),
      ...securitySettings(kafka, 'saslBrief', { user: 'rita' }),
    }
    await setup(parseConfig(given))
    const consumer = await startHeard(t, { topic, database, settings: given })
    const client = await connect(t, database)
    const send = (from: number, to: number) => {
      const events = Array.from({ length: to - from }, (_, n) => eventOf(from + n))
      return sendForeign(
        t,
        topic,
        events.map(event => ({ value: bytesOf(event) })),
        kafka.plain,
      )
    }
    await send(0, 100)
    await untilRead(client, 100)
    await kafka.removeUser('rita')
    await until(() => consumer.said('kafka_refused').length > 0, 15_000, 'the consumer is refused')
    assert.match(consumer.said('kafka_refused')[0]!.why!, /refuses user rita or its password/)
    await send(100, 200)
    await kafka.addUser('rita')
    await untilRead(client, 200, 40_000)
    assert.deepEqual(await countedTable(client), recount(Array.from({ length: 200 }, (_, n) => eventOf(n))))
  })

  await Promise.all(works)
})
