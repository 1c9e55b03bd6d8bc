/**
 * `node bench/fold.ts`: what the stages between a fetch answer and a batch cost, each alone, without a broker or a
 * database. CPU seconds per million events, the best of several interleaved rounds.
 * Flags: --events, --pairs, --rounds, --no-ids.
 */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { crc32c } from '@node-rs/crc32'
import { Fold } from '../src/consumer/fold.ts'
import { encodeRecordBatch } from '../src/kafka/record-batch.ts'
import { RecordWalk } from '../src/kafka/records.ts'

const { values: flags } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    pairs: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    'no-ids': { type: 'boolean', default: false },
  },
})
const [events, pairs, rounds] = [flags.events, flags.pairs, flags.rounds].map(Number) as [number, number, number]
const appendMs = Date.now()
const batchRecords = 500
const batchesPerAnswer = 8
const answers = preloaded()

const stages: Readonly<Record<string, () => void>> = {
  crc: () => eachAnswer(answer => crc32c(answer)),
  walk: () =>
    eachAnswer((answer, from) => {
      const walk = new RecordWalk(answer, from, [], 1 << 27)
      while (walk.next());
    }),
  fold,
}

const best = new Map<string, number>()
for (let round = 0; round < rounds; round++) {
  for (const [name, run] of Object.entries(stages)) {
    const before = process.cpuUsage()
    run()
    const used = process.cpuUsage(before)
    const seconds = ((used.user + used.system) / 1e6) * (1e6 / events)
    best.set(name, Math.min(seconds, best.get(name) ?? Number.POSITIVE_INFINITY))
  }
}
for (const [name, seconds] of best) process.stdout.write(`${name}: ${seconds.toFixed(3)} CPU s per million events\n`)

function fold(): void {
  const of = { topicId: 'bench', partition: 0, lineage: 1, rulesVersion: 1 }
  const rules = {
    version: 1,
    judgeVersion: 2,
    maxAgeDays: 400,
    maxAheadMinutes: 60,
    windowHours: 24,
    windowIdsMax: 2_000_000,
  }
  const fold = new Fold({ of, nextOffset: 0, clockMs: -1, tail: undefined, ids: [] }, rules, randomBytes(16))
  let counted = 0
  eachAnswer((answer, from) => {
    const walk = new RecordWalk(answer, from, [], 1 << 27)
    while (fold.take(walk, 5_000));
    if (fold.pendingRecords > 200_000) counted += fold.takeBatch()!.counted
  })
  counted += fold.takeBatch()?.counted ?? 0
  if (counted !== events) throw new Error(`counted ${counted} of ${events}`)
}

function eachAnswer(use: (answer: Buffer, from: number) => void): void {
  let from = 0
  for (const { bytes, records } of answers) {
    use(bytes, from)
    from += records
  }
}

function preloaded(): { readonly bytes: Buffer; readonly records: number }[] {
  const uuid = (n: number, salt: string) => {
    const hex = randomBytes(16).toString('hex')
    return `${salt}${hex.slice(1, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}${n < 0 ? '' : ''}`
  }
  const users = Array.from({ length: 1_000 }, (_, n) => uuid(n, 'a'))
  const items = Array.from({ length: Math.ceil(pairs / users.length) }, (_, n) => uuid(n, 'b'))
  const timestamp = `${new Date(appendMs).toISOString().slice(0, 10)}T00:00:00.000Z`
  const value = (n: number) => {
    const pair = n % pairs
    const type = n % 10 < 7 ? 'view' : n % 10 < 9 ? 'click' : 'purchase'
    const id = flags['no-ids'] ? '' : `"event_id":"${n.toString(36).padStart(20, '0')}",`
    return Buffer.from(
      `{${id}"user_id":"${users[pair % users.length]}","item_id":"${items[Math.floor(pair / users.length)]}",` +
        `"activity_type":"${type}","timestamp":"${timestamp}"}`,
    )
  }
  const made = []
  for (let from = 0; from < events; ) {
    const parts: Buffer[] = []
    const first = from
    for (let n = 0; n < batchesPerAnswer && from < events; n++) {
      const length = Math.min(batchRecords, events - from)
      const records = Array.from({ length }, (_, i) => ({ key: null, value: value(from + i) }))
      const batch = encodeRecordBatch(records, { producerId: -1n, producerEpoch: -1, sequence: -1 }, appendMs)
      batch.writeBigInt64BE(BigInt(from), 0)
      parts.push(batch)
      from += length
    }
    made.push({ bytes: Buffer.concat(parts), records: from - first })
  }
  return made
}
