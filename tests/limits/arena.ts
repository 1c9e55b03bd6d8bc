/** A topic of four partitions, of which the last is well, and one consumer that counts them all as a process. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import type { OutgoingRecord } from '../../src/kafka/record-batch.ts'
import { openWriter } from '../../src/kafka/writer.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import { assertBalanced, countedTable, fates, ledger, recount, type Sent, untilRead } from '../support/counting.ts'
import {
  type Address,
  closing,
  connect,
  type Database,
  freshDatabase,
  freshTopic,
  type Lifetime,
  type Role,
  roleProcess,
  settingsFor,
  sharedKafka,
  sharedPostgres,
  until,
} from '../support/environment.ts'
import { bytesOf, eventOf, uuidOf } from '../support/events.ts'
import { differencesOf, verified } from '../support/verifying.ts'
import type { Measured } from './limit.ts'

export const partitions = 4
/** Gets a few records a second, whatever the others get. */
export const healthy = 3
const trickleMs = 100
const lookMs = 25
const drainDeadlineMs = 240_000

export interface Arena {
  readonly topic: string
  readonly database: Database
  readonly client: pg.Client
  readonly consumer: Role
  /** Sends as fast as Kafka takes it, and returns when all is acknowledged. What is no event is not to be counted. */
  readonly send: (records: Iterable<OutgoingRecord & { readonly event: Sent | undefined }>) => Promise<void>
  /** Tells of records that somebody else has sent, and that are not to be counted. */
  readonly sentBad: (records: number) => void
  /** From now on the partition that is well gets its records. */
  readonly trickle: () => void
  /** Waits until all is counted, and proves it. @param sinceMs when the trouble was over, by performance.now(). */
  readonly finish: (sinceMs: number) => Promise<Measured>
}

export async function openArena(
  lifetime: Lifetime,
  postgres: Address = sharedPostgres(),
  settings: Readonly<Record<string, string>> = {},
): Promise<Arena> {
  const topic = await freshTopic(partitions)
  const database = await freshDatabase(postgres)
  const client = await connect(lifetime, database)
  await migrate(client)
  const own = settingsFor(sharedKafka(), database, topic)
  const consumer = roleProcess(lifetime, 'consumer', { ...own, ...settings })
  await until(async () => (await ledger(client)).length === partitions, 30_000, 'all partitions are open')
  const open = () => {
    const writer = openWriter(parseConfig(own), createLog('limits', 'silent'), 'limits', partitions)
    closing(lifetime, () => writer.close(0))
    return writer
  }
  const [writer, trickler] = [open(), open()]
  const counted: Sent[] = []
  let bad = 0
  const healthyMs: number[] = []
  const stopping = new AbortController()
  let trickling: Promise<void> | undefined
  closing(lifetime, () => stopping.abort())

  const send: Arena['send'] = async records => {
    const sending: Promise<void>[] = []
    let chunk: OutgoingRecord[] = []
    const flush = async () => {
      while (writer.full) await pause(5)
      sending.push(writer.send(chunk))
      chunk = []
    }
    for (const { event, ...record } of records) {
      if (event === undefined) bad += 1
      else counted.push(event)
      if (chunk.push(record) === 500) await flush()
    }
    if (chunk.length > 0) await flush()
    await Promise.all(sending)
  }
  const trickle = async () => {
    const ackedMs: number[] = []
    const looking = lookAtLag(client, ackedMs, healthyMs, stopping.signal)
    for (let n = 0; !stopping.signal.aborted; n++) {
      const event = { ...eventOf(n, 'trickle-'), user_id: uuidOf(`user ${n % 10} who is well`) }
      await trickler.send([{ key: null, value: bytesOf(event), partition: healthy }])
      ackedMs.push(performance.now())
      counted.push(event)
      await pause(trickleMs)
    }
    await looking
  }
  return {
    topic,
    database,
    client,
    consumer,
    send,
    sentBad: records => {
      bad += records
    },
    trickle: () => {
      trickling ??= trickle()
      trickling.catch(() => {}) // `finish` hears of it
    },
    finish: async sinceMs => {
      const all = async () => (await ledger(client)).reduce((sum, row) => sum + row.next_offset, 0)
      const sent = counted.length + bad
      const drained = until(async () => (await all()) >= sent, drainDeadlineMs, `all ${sent} records are counted`)
      const ended = consumer.ended.then(({ code, signal }) => {
        throw new Error(`the consumer ended, code ${code}, signal ${signal}`)
      })
      await Promise.race([drained, ended]).catch(error => {
        const said = [...consumer.output.slice(-8), ...consumer.errors.slice(-8)].join('\n')
        throw new Error(`${(error as Error).message}; it said:\n${said}`, { cause: error })
      })
      const drainedMs = performance.now() - sinceMs
      stopping.abort()
      await trickling
      await untilRead(client, counted.length + bad)
      const peakMiB = peakOf(consumer)
      assert.deepEqual(await countedTable(client), recount(counted))
      assert.deepEqual(await fates(client), { counted: counted.length, duplicate: 0, rejected: bad, skipped: 0 })
      await assertBalanced(client)
      const report = await verified({ topic, database, settings })
      assert.deepEqual([report.verdict, differencesOf(report)], ['proven', []])
      return { records: counted.length + bad, peakMiB, healthyMs, drainedMs }
    },
  }
}

async function lookAtLag(client: pg.Client, ackedMs: readonly number[], lagsMs: number[], stop: AbortSignal) {
  for (let next = 0; !stop.aborted || next < ackedMs.length; await pause(lookMs)) {
    const { rows } = await client.query<{ next: number }>(
      'select next_offset::int as next from partition_ledger where partition = $1',
      [healthy],
    )
    for (; next < Math.min(rows[0]!.next, ackedMs.length); next++) lagsMs.push(performance.now() - ackedMs[next]!)
  }
}

/** As the kernel remembers it. */
function peakOf({ pid }: Role): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!
  return Math.round(Number(kilobytes) / 1_024)
}

const users = Array.from({ length: 1_000 }, (_, n) => uuidOf(`user ${n}`))
const items = Array.from({ length: 500 }, (_, n) => uuidOf(`item ${n}`))

/** Events with an id, each in a row of its own up to 500,000. @param partitionOf where the n-th goes. */
export function* flood(count: number, partitionOf: (n: number) => number, userOf = (n: number) => users[n % 1_000]!) {
  for (let n = 0; n < count; n++) {
    const event = {
      ...eventOf(0, 'flood-'),
      event_id: `flood-${n}`,
      user_id: userOf(n),
      item_id: items[Math.floor(n / 1_000) % 500]!,
    }
    yield { event, key: Buffer.from(event.user_id), value: bytesOf(event), partition: partitionOf(n) }
  }
}
