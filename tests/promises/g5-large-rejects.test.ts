/** G4 and G5: bad records are kept however many bytes they are, and however long PostgreSQL takes to keep them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import kafkajs from 'kafkajs'
import { migrate } from '../../src/postgres/migrate.ts'
import { assertBalanced, fates, startCounting, untilRead } from '../support/counting.ts'
import { closing, connect, freshDatabase, freshTopic } from '../support/environment.ts'
import { foreignClient } from '../support/foreign.ts'

const megabytes = 24
/** All of them take longer than the 5 s that PostgreSQL grants a transaction. */
const bytesPerSecond = 4_000_000

test('G5: a compressed batch of large bad records that takes PostgreSQL longer than a transaction may last is settled in parts', async t => {
  const topic = await freshTopic(1)
  const database = await freshDatabase()
  const client = await connect(t, database)
  await migrate(client)
  await client.query(
    `create function slowly() returns trigger language plpgsql as $$
       begin perform pg_sleep(length(new.value) / ${bytesPerSecond}.0); return new; end $$;
     create trigger slowly before insert on rejects for each row execute function slowly()`,
  )
  const producer = foreignClient().producer({ allowAutoTopicCreation: false })
  await producer.connect()
  closing(t, () => producer.disconnect())
  const messages = Array.from({ length: megabytes }, () => ({ value: Buffer.alloc(1_000_000, 'x'), partition: 0 }))
  await producer.send({ topic, messages, acks: -1, compression: kafkajs.CompressionTypes.GZIP })
  await startCounting(t, { topic, database })

  await untilRead(client, megabytes)
  assert.deepEqual(await fates(client), { counted: 0, duplicate: 0, rejected: megabytes, skipped: 0 })
  await assertBalanced(client)
})
