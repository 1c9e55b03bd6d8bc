// kafkajs eachBatch + ajv + one unnest upsert per batch through pg; offsets committed after the database's commit.
import Ajv from 'ajv'
import addFormats from 'ajv-formats'
import kafkajs from 'kafkajs'
import pg from 'pg'

const { Kafka, logLevel } = kafkajs
const ajv = new Ajv.default()
addFormats.default(ajv)
const isEvent = ajv.compile({
  type: 'object',
  required: ['user_id', 'item_id', 'activity_type', 'timestamp'],
  properties: {
    user_id: { type: 'string', format: 'uuid' },
    item_id: { type: 'string', format: 'uuid' },
    activity_type: { enum: ['view', 'click', 'purchase'] },
    timestamp: { type: 'string', format: 'date-time' },
  },
})
const topic = process.env.TOPIC
const sql = `INSERT INTO daily_user_item_summary AS d (user_id,item_id,date,view_count,click_count,purchase_count)
SELECT * FROM unnest($1::uuid[],$2::uuid[],$3::date[],$4::int[],$5::int[],$6::int[])
ON CONFLICT (user_id,date,item_id) DO UPDATE SET view_count=d.view_count+excluded.view_count,
click_count=d.click_count+excluded.click_count, purchase_count=d.purchase_count+excluded.purchase_count`
const pool = new pg.Pool({ max: 10 }) // PGHOST, PGUSER, ... say where
const kafka = new Kafka({ brokers: [process.env.KAFKA], logLevel: logLevel.ERROR })
const consumer = kafka.consumer({
  groupId: process.env.GROUP,
  maxBytesPerPartition: 8 << 20,
  maxWaitTimeInMs: 100,
})
consumer.on(consumer.events.GROUP_JOIN, () => process.stdout.write(`STARTED ${Date.now() / 1000}\n`))
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
await consumer.run({
  autoCommit: false,
  eachBatchAutoResolve: false,
  partitionsConsumedConcurrently: 1,
  eachBatch: async ({ batch, resolveOffset, heartbeat }) => {
    const sums = new Map()
    for (const message of batch.messages) {
      let event
      try {
        event = JSON.parse(message.value.toString())
      } catch {
        continue
      }
      if (!isEvent(event)) continue
      const day = new Date(event.timestamp).toISOString().slice(0, 10)
      const key = event.user_id + event.item_id + day
      let row = sums.get(key)
      if (!row) {
        row = { user: event.user_id, item: event.item_id, day, view: 0, click: 0, purchase: 0 }
        sums.set(key, row)
      }
      row[event.activity_type]++
    }
    const rows = [...sums.values()]
    const column = name => rows.map(row => row[name])
    await pool.query(sql, ['user', 'item', 'day', 'view', 'click', 'purchase'].map(column))
    resolveOffset(batch.lastOffset())
    const offset = (BigInt(batch.lastOffset()) + 1n).toString()
    await consumer.commitOffsets([{ topic, partition: batch.partition, offset }])
    await heartbeat()
  },
})
