/**
 * `npm run bench:growth`: whether an event costs the same however many there were before it, however many partitions
 * there are and however large the table is, and how long a consumer takes to start with a full window. On a Kafka and a
 * PostgreSQL of its own. Flags: --events of the long topics, --rows of the large table, --ids of the full window,
 * --only partitions, events, rows or start, and --shared-buffers of PostgreSQL.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { parseConfig } from '../src/runtime/config.ts'
import { createLog } from '../src/runtime/log.ts'
import type { Load } from './event-batches.ts'
import { openLab, said } from './lab.ts'
import { cpuSecondsOfTree, machine, megabytes, peakMegabytes } from './machine.ts'
import { preload } from './preload.ts'

const { values: flags } = parseArgs({
  options: {
    events: { type: 'string', default: '50000000' },
    rows: { type: 'string', default: '50000000' },
    ids: { type: 'string', default: '10000000' },
    only: { type: 'string', default: 'partitions,events,rows,start' },
    'shared-buffers': { type: 'string', default: '256MB' },
  },
})
const [events, rows, ids] = [Number(flags.events), Number(flags.rows), Number(flags.ids)]
const only = flags.only.split(',')
const stretches = 10
const log = createLog('bench', 'warn')
const say = (line: string) => process.stdout.write(`${line}\n`)

const lab = await openLab({ shared_buffers: flags['shared-buffers'] })
try {
  say(`${machine()}; CPU seconds per million events, of the consumer and of PostgreSQL\n`)
  say(
    '| what | events so far | consumer | PostgreSQL | MB now | MB at most |\n| --- | ---: | ---: | ---: | ---: | ---: |',
  )
  if (only.includes('partitions')) {
    for (const partitions of [1, 4, 25, 100]) {
      const load = { events: 2_000_000, pairs: 10_000, ids: true }
      await count(`partitions: ${partitions}`, `wide${partitions}`, load, partitions, 1)
    }
  }
  if (only.includes('events')) {
    await count('hot', 'long', { events, pairs: 10_000, ids: false }, 4, stretches)
    await count('hot-ids', 'longids', { events, pairs: 10_000, ids: true }, 4, stretches)
  }
  if (only.includes('rows')) {
    await count('every event a new row', 'large', { events: rows, pairs: rows, ids: false }, 4, stretches)
  }
  if (only.includes('start')) await startWithIds()
} finally {
  await lab.close()
}

/** Fills a topic, counts it, and says what each stretch of it cost. */
async function count(what: string, name: string, load: Load, partitions: number, parts: number): Promise<void> {
  const env = lab.settings(name, name, partitions)
  await lab.createDatabase(env)
  await preload(parseConfig(env), log, load, partitions)
  const client = await lab.connect(name)
  const consumer = lab.run('consumer', env)
  let [counted, own, postgres] = [0, 0, cpuSecondsOfTree(lab.postgres.pid)]
  for (let part = 1; part <= parts; part++) {
    const until = Math.floor((load.events * part) / parts)
    if (counted >= until) continue
    const before = counted
    while (counted < until) {
      await pause(20)
      const sum = 'select coalesce(sum(counted), 0)::float8 as n from partition_ledger'
      counted = (await client.query<{ n: number }>(sum)).rows[0]!.n
    }
    const now = [cpuSecondsOfTree(consumer.pid!), cpuSecondsOfTree(lab.postgres.pid)] as const
    const perMillion = (seconds: number) => ((seconds * 1e6) / (counted - before)).toFixed(2)
    const memory = `${megabytes(consumer.pid!)} | ${peakMegabytes(consumer.pid!)}`
    say(`| ${what} | ${counted} | ${perMillion(now[0] - own)} | ${perMillion(now[1] - postgres)} | ${memory} |`)
    ;[own, postgres] = now
  }
  await lab.stop(consumer)
  await client.end()
  await lab.dropDatabase(name)
  await lab.deleteTopic(name)
}

/** From the start of the process until its last partition is open. */
async function startWithIds(): Promise<void> {
  const env = { ...lab.settings('filled', 'filled', 4), DEDUPE_MAX_IDS: String(ids) }
  await lab.createDatabase(env)
  await preload(parseConfig(env), log, { events: ids, pairs: 10_000, ids: true }, 4)
  const client = await lab.connect('filled')
  const filling = lab.run('consumer', env)
  const remembered = 'select coalesce(sum(length(ids)) / 16, 0)::float8 as n from event_ids'
  while ((await client.query<{ n: number }>(remembered)).rows[0]!.n < ids) await pause(200)
  await lab.stop(filling)
  await client.end()
  for (let round = 1; round <= 3; round++) {
    const startMs = performance.now()
    const consumer = lab.run('consumer', env)
    const seconds = ((await said(consumer, 'partition opened', 4)) - startMs) / 1_000
    say(`a start with ${ids} ids to reload: ${seconds.toFixed(2)} s, ${megabytes(consumer.pid!)} MB`)
    await lab.stop(consumer)
  }
}
