/** The embedded servers keep what was acknowledged over kill -9, on the same port, and leave nothing running. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Admin, Producer, stringSerializers } from '@platformatic/kafka'
import pg from 'pg'
import { kafkaAnswers } from '../../src/stack/kafka.ts'
import { ensureDatabase } from '../../src/stack/postgres.ts'
import { childrenOf, processes } from '../../src/stack/processes.ts'
import {
  closing,
  connect,
  credentials,
  freshDatabase,
  freshName,
  freshTopic,
  noTls,
  ownKafka,
  ownPostgres,
  sharedKafka,
  sharedPostgres,
  until,
} from '../support/environment.ts'

test('a Kafka killed with -9 keeps its topic and answers again on the same port', { timeout: 60_000 }, async t => {
  const kafka = await ownKafka(t)
  const topic = await freshTopic(2, {}, kafka)
  const producer = new Producer({ clientId: 't', bootstrapBrokers: [kafka.address], serializers: stringSerializers })
  await producer.send({ messages: [{ topic, key: 'k', value: 'v' }], acks: -1 })
  await producer.close()
  const before = kafka.pid()

  await kafka.kill()
  assert.equal(
    processes().some(({ pid }) => pid === before),
    false,
  )
  await kafka.start()

  const admin = new Admin({ clientId: 't', bootstrapBrokers: [kafka.address] })
  closing(t, () => admin.close())
  const metadata = await admin.metadata({ topics: [topic] })
  assert.equal(metadata.topics.get(topic)?.partitionsCount, 2)
})

test('a PostgreSQL killed with -9 keeps what was committed, and its backends end with it', async t => {
  const postgres = await ownPostgres(t)
  const database = await freshDatabase(postgres)
  const client = await connect(t, database)
  await client.query('create table kept (x int)')
  await client.query('insert into kept values (1)')
  const pids = [postgres.pid(), ...childrenOf(postgres.pid()).map(({ pid }) => pid)]
  assert.ok(pids.length > 3)

  await postgres.kill()
  assert.deepEqual(
    processes().filter(({ pid }) => pids.includes(pid)),
    [],
  )
  await postgres.start()

  const again = await connect(t, database)
  assert.deepEqual((await again.query('select x from kept')).rows, [{ x: 1 }])
})

test('a wrong password is refused, as is a connection without one', async t => {
  const postgres = await ownPostgres(t)
  const client = new pg.Client({
    ...credentials,
    host: postgres.host,
    port: postgres.port,
    database: 'postgres',
    password: 'x',
  })

  await assert.rejects(client.connect(), { code: '28P01' })
})

test('an embedded server does not take another for itself that listens where it should', async t => {
  const another = /another Kafka answers: its cluster is \S{22}, ours x$/
  await assert.rejects(kafkaAnswers(sharedKafka().address, 'x'), another)
  const ours = { ...credentials, database: freshName('never_made') }
  await assert.rejects(ensureDatabase(sharedPostgres().port, '/x', ours), /another PostgreSQL answers, over .*data$/)
  const client = await connect(t, { ...sharedPostgres(), ...ours, tls: noTls, database: 'postgres' })
  const { rowCount } = await client.query('select from pg_database where datname = $1', [ours.database])
  assert.equal(rowCount, 0)
})

test('a condition that never holds is named when the deadline passes', async () => {
  await assert.rejects(
    until(() => false, 50, 'pigs fly'),
    /not within 50 ms: pigs fly/,
  )
})
