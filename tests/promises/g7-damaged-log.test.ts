import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import kafkajs, { type Admin } from 'kafkajs'
import type pg from 'pg'
import {
  assertBalanced,
  countedTable,
  fates,
  ledger,
  type Place,
  recount,
  type Sent,
  startCounting,
  untilRead,
} from '../support/counting.ts'
import { seal } from '../support/encode-log.ts'
import { type Address, closing, connect, freshDatabase, freshTopic, until } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { foreignClient, sendForeign } from '../support/foreign.ts'
import { batchesOf, kafkaOverFiles } from '../support/kafka-files.ts'
import { carryOut, halts, runPartitions } from '../support/resume.ts'

const { ConfigResourceTypes } = kafkajs

const perBatch = 30

/** What is done to the middle one of three record batches, and how its partition halts. */
const damages: readonly [name: string, damage: (batch: Buffer) => void, reason: string, from: number, to: number][] = [
  ['a bit of a record flipped', batch => flip(batch, 1_000, 0x10), 'bad_crc', 30, 59],
  ['a bit of the checksum flipped', batch => flip(batch, 17, 0x80), 'bad_crc', 30, 59],
  ['a bit of the length flipped', batch => flip(batch, 11, 0x20), 'bad_crc', 30, 59],
  ['a length that leads beyond the file', batch => flip(batch, 9, 0x40), 'malformed', 30, 30],
  ['the sign of the length flipped', batch => flip(batch, 8, 0x80), 'bad_crc', 29, 29],
  ['a bit of the base offset flipped', batch => flip(batch, 7, 0x40), 'gap', 30, 93],
  ['a format that is to come', batch => batch.writeInt8(3, 16), 'unknown_format', 30, 30],
  ['a codec that is to come', batch => void seal(set(batch, 22, 0x0f)), 'unknown_codec', 30, 59],
  ['bytes that do not inflate', batch => void seal(set(batch, 22, 0x09)), 'malformed', 30, 59],
  ['a record too few', batch => void seal(set(batch, 60, perBatch - 1)), 'gap', 30, 59],
]

// The time of all its parts together.
test('G7 on a Kafka whose files change while it is down', { timeout: 300_000 }, async t => {
  const kafka = await kafkaOverFiles(t)

  await t.test('a damaged record batch halts its partition, for good, and the others go on', async t => {
    const partitions = damages.length + 1
    const topic = await freshTopic(partitions, {}, kafka)
    for (const from of [0, 1, 2]) await sendForeign(t, topic, messages(from, partitions), kafka)
    await kafka.stop()
    for (const [partition, [, damage]] of damages.entries()) {
      const segment = kafka.segment(topic, partition)
      damage(batchesOf(segment.bytes)[1]!)
      segment.write(segment.bytes)
    }
    await kafka.start()

    const database = await freshDatabase()
    const client = await connect(t, database)
    const sound = partitions - 1
    const expected = damages.map(([name, , reason, from, to]) => `${name}: 30 halted ${reason} ${from} ${to}`)
    for (const round of [1, 2]) {
      const running = await startCounting(t, { topic, database, kafka })
      const counted = perBatch * (2 + round)
      await until(async () => (await ledger(client))[sound]!.next_offset === counted, 20_000, 'the sound one goes on')
      await until(async () => (await haltsOf(client)).length === sound, 20_000, 'the others halt').catch(() => {})
      const halts = await haltsOf(client)
      assert.deepEqual(
        halts.map((halt, partition) => `${damages[partition]![0]}: ${halt}`),
        expected,
      )
      assert.deepEqual(
        await countedTable(client),
        recount([...eventsOf(0, partitions), ...[1, 2, 3].slice(0, 1 + round).flatMap(at => eventsIn(at, sound))]),
      )
      await assertBalanced(client)
      await running.stop()
      await sendForeign(t, topic, messages(3, partitions), kafka)
    }

    const place = { topic, database, kafka }
    await startCounting(t, place)
    await takeWaysOut(place, client, 5 * perBatch)
    const lost = (await ledger(client)).filter(row => row.state === 'open').map(row => row.lost)
    // Where the header leads astray the broker itself cannot find the next batch.
    for (const [partition, [name]] of damages.entries()) {
      if (!/length|base offset/.test(name)) assert.equal(lost[partition], perBatch, name)
      else assert.ok(lost[partition]! >= perBatch && lost[partition]! <= 2 * perBatch, `${name}: ${lost[partition]}`)
    }
    const readable = lost.flatMap((count, partition) => {
      const sent = [0, 1, 2, 3, 3].flatMap(at => eventsIn(at, partition))
      return sent.filter((_, offset) => offset < perBatch || offset >= perBatch + count)
    })
    await until(
      async () => (await fates(client)).counted === readable.length,
      20_000,
      'all that is readable is counted',
    )
    assert.deepEqual(await countedTable(client), recount(readable))
    await assertBalanced(client)
  })

  await t.test(
    'a log that lost its tail, or has another one, halts, also when it has grown again, and goes on where it departs',
    async t => {
      const topic = await freshTopic(4, {}, kafka)
      await sendForeign(t, topic, messages(0, 4, 'id-'), kafka)
      await sendForeign(t, topic, messages(1, 4, 'id-'), kafka)
      const databases = [await freshDatabase(), await freshDatabase()] as const
      const clients = [await connect(t, databases[0]), await connect(t, databases[1])] as const
      // One consumer runs all the time, the other one is down meanwhile.
      await startCounting(t, { topic, database: databases[0], kafka })
      const settings = { KAFKA_CONSUMER_GROUP: `${topic}-other` }
      const stopped = await startCounting(t, { topic, database: databases[1], kafka, settings })
      for (const client of clients) await untilRead(client, 8 * perBatch)
      await stopped.stop()
      await kafka.stop()
      for (const partition of [0, 1]) {
        const segment = kafka.segment(topic, partition)
        segment.write(batchesOf(segment.bytes)[0]!)
      }
      const rewritten = kafka.segment(topic, 3)
      flip(batchesOf(rewritten.bytes)[1]!, 1_000, 0x01)
      seal(batchesOf(rewritten.bytes)[1]!)
      rewritten.write(rewritten.bytes)
      await kafka.start()
      for (const at of [5, 6, 7]) await sendForeign(t, topic, only(messages(at, 4, 'id-'), 1), kafka)
      await sendForeign(t, topic, only(messages(2, 4, 'id-'), 2), kafka)
      await startCounting(t, { topic, database: databases[1], kafka, settings })

      const before = [...eventsOf(0, 4), ...eventsOf(1, 4), ...eventsIn(2, 2)]
      for (const [n, client] of clients.entries()) {
        const is = (text: string) => async () => (await standing(client)).includes(text)
        await until(is('2 1 open 0 90'), 30_000, 'the sound one goes on')
        // No epoch tells that the last batch is another one: who opens the partition sees it, who reads on need not.
        await until(async () => (await haltsOf(client)).length >= 2 + n, 20_000, 'the others halt')
        const [cut, grown, other] = await haltsOf(client)
        assert.equal(cut, '60 halted truncated 30 59')
        assert.equal(grown, '60 halted truncated 30 59')
        if (n === 1 || other !== undefined) assert.equal(other, '60 halted diverged 59 59')
        assert.deepEqual(await countedTable(client), recount(before))
        await assertBalanced(client)
      }

      const openedAnew: boolean[] = []
      for (const database of databases) {
        const steps = await carryOut({ topic, database, kafka }, './footfall partitions resume all --new-lineage')
        const begins = steps.map(({ text }) => /begins lineage 2 at (\d+) with window and clock/.exec(text)?.[1])
        assert.deepEqual(begins.slice(0, 2), ['30', '30'])
        if (steps.length === 3) assert.equal(begins[2], '60')
        openedAnew.push(steps.length === 3)
      }
      // What the log lost is sent again: it was counted, so it is a duplicate.
      await sendForeign(t, topic, only(messages(1, 4, 'id-'), 0), kafka)
      await sendForeign(t, topic, only(messages(3, 4, 'id-'), 3), kafka)
      const cuts = ['0 1 closed 0 60', '0 2 open 30 60', '1 1 closed 0 60', '1 2 open 30 120', '2 1 open 0 90']
      const after = [...before, ...[5, 6, 7].flatMap(at => eventsIn(at, 1)), ...eventsIn(3, 3)]
      for (const [n, client] of clients.entries()) {
        const rows = [...cuts, ...(openedAnew[n] ? ['3 1 closed 0 60', '3 2 open 60 90'] : ['3 1 open 0 90'])]
        const isRead = async () => (await standing(client)).join() === rows.join()
        await until(isRead, 20_000, 'the new lineages are read').catch(() => {})
        assert.deepEqual(await standing(client), rows)
        assert.equal((await fates(client)).duplicate, perBatch)
        assert.deepEqual(await countedTable(client), recount(after))
        await assertBalanced(client)
      }
    },
  )

  await t.test(
    'a log that was compacted meanwhile halts at the first batch that misses a record, and one that is given compact while it runs halts too',
    async t => {
      const compacted = { 'cleanup.policy': 'compact', 'segment.ms': '100', 'min.cleanable.dirty.ratio': '0.01' }
      const topic = await freshTopic(2, compacted, kafka)
      const database = await freshDatabase()
      const client = await connect(t, database)
      const refused = await startCounting(t, { topic, database, kafka })
      await assert.rejects(refused.ended, /compacted/)

      const keyed = messages(0, 2).map((message, i) => ({
        ...message,
        key: `${i < 10 ? 'kept' : 'replaced'} ${i % 10}`,
      }))
      await sendForeign(t, topic, only(keyed, 0), kafka)
      const before = kafka.segment(topic, 0).bytes.length
      await until(
        async () => {
          await sendForeign(t, topic, only(keyed, 0).slice(10), kafka) // only what is not the latest segment is compacted
          return kafka.segment(topic, 0).bytes.length < before
        },
        20_000,
        'it is compacted',
      )
      const admin = await adminOf(t, kafka)
      await setPolicy(admin, topic, 'delete')
      await sendKeyless(t, topic, only(messages(0, 2), 1), kafka)
      const place = { topic, database, kafka }
      await startCounting(t, place)
      await until(async () => (await haltsOf(client)).length === 1, 20_000, 'it is halted')
      assert.match((await haltsOf(client))[0]!, /^0 halted gap 0 /)
      await untilRead(client, perBatch)
      assert.deepEqual(await countedTable(client), recount(eventsIn(0, 1)))

      // All of the compacted log at once, instead of gap after gap.
      const end = (await admin.fetchTopicOffsets(topic)).find(({ partition }) => partition === 0)!.high
      await carryOut(place, `./footfall partitions resume 0 --accept-loss 0-${end}`)
      await sendForeign(t, topic, messages(1, 2), kafka)
      await untilRead(client, Number(end) + 3 * perBatch)
      const counted = [...eventsIn(0, 1), ...eventsOf(1, 2)]
      assert.deepEqual(await countedTable(client), recount(counted))

      await setPolicy(admin, topic, 'compact')
      await until(async () => (await haltsOf(client)).length === 2, 20_000, 'both are halted')
      assert.match((await haltsOf(client)).join(), /halted compacted .*halted compacted /)
      const refusal = await runPartitions(t, place, 'resume', 'all', '--yes')
      assert.equal(refusal.code, 1)
      assert.match(
        refusal.said,
        /partition 1: refused: It is compacted now: .* once the topic has cleanup.policy=delete/,
      )
      await setPolicy(admin, topic, 'delete')
      await carryOut(place, './footfall partitions resume all')
      await sendKeyless(t, topic, messages(2, 2), kafka)
      await untilRead(client, Number(end) + 5 * perBatch)
      assert.deepEqual(await countedTable(client), recount([...counted, ...eventsOf(2, 2)]))
      await assertBalanced(client)
    },
  )
})

async function adminOf(t: TestContext, kafka: Address): Promise<Admin> {
  const admin = foreignClient(kafka).admin()
  await admin.connect()
  closing(t, () => admin.disconnect())
  return admin
}

/** Sets a topic's cleanup.policy, and nothing else, and waits until its broker knows. */
async function setPolicy(admin: Admin, topic: string, policy: 'compact' | 'delete'): Promise<void> {
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic }
  const configEntries = [{ name: 'cleanup.policy', value: policy }]
  await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] })
  const asked = [{ ...resource, configNames: ['cleanup.policy'] }]
  await until(
    async () => {
      const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: asked })
      return resources[0]!.configEntries[0]!.configValue === policy
    },
    10_000,
    'its policy is changed',
  )
}

/** Takes the way out that is shown for each halt, twice: what was damaged before the position halts again behind it. */
async function takeWaysOut(place: Place, client: pg.Client, end: number): Promise<void> {
  for (let round = 1; round <= 2; round++) {
    const ways = [...(await halts(place)).values()].map(
      ({ waysOut }) => waysOut.find(way => way.command.includes('--'))!,
    )
    await Promise.all(ways.map(way => carryOut(place, way.command)))
    await until(
      async () => (await ledger(client)).every(row => row.state !== 'open' || row.next_offset === end),
      20_000,
      'what was resumed is counted, or halted again',
    )
  }
}

/** The events of one record batch: no other has them. */
const eventsIn = (at: number, partition: number, idPrefix?: string): Sent[] =>
  Array.from({ length: perBatch }, (_, i) => eventOf(at * 10_000 + partition * 100 + i, idPrefix))

const eventsOf = (at: number, partitions: number): Sent[] =>
  Array.from({ length: partitions }, (_, partition) => eventsIn(at, partition)).flat()

/** One record batch for each partition. */
const messages = (at: number, partitions: number, idPrefix?: string) =>
  Array.from({ length: partitions }, (_, partition) =>
    eventsIn(at, partition, idPrefix).map(event => ({ key: null, value: bytesOf(event), partition })),
  ).flat()

const only = <T extends { readonly partition: number }>(sent: readonly T[], partition: number) =>
  sent.filter(one => one.partition === partition)

const standing = async (client: pg.Client) =>
  (await ledger(client)).map(
    ({ partition, lineage, state, start_offset, next_offset }) =>
      `${partition} ${lineage} ${state} ${start_offset} ${next_offset}`,
  )

async function haltsOf(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query(
    `select next_offset, state, halt_reason, halt_from, halt_to from partition_ledger
      where state <> 'open' order by partition`,
  )
  return rows.map(row => Object.values(row).join(' '))
}

function flip(batch: Buffer, at: number, bit: number): void {
  batch[at]! ^= bit
}

function set(batch: Buffer, at: number, byte: number): Buffer {
  batch[at] = byte
  return batch
}

/**
 * A broker tells a new policy before each of its logs follows it: until then records without a key are refused, as a
 * compacted log needs keys, and nothing of the batch is written.
 */
async function sendKeyless(
  t: TestContext,
  topic: string,
  sent: ReturnType<typeof messages>,
  kafka: Address,
): Promise<void> {
  for (const partition of [0, 1]) {
    const isTaken = () =>
      sendForeign(t, topic, only(sent, partition), kafka).then(
        () => true,
        (error: { type?: string }) => {
          if (error.type !== 'INVALID_RECORD') throw error
          return false
        },
      )
    await until(isTaken, 10_000, `partition ${partition} takes records without keys`)
  }
}
