/**
 * `npm run bench:sizes`: what rows, ids, rejects and partitions cost in memory, on disk and in connections, measured on
 * a Kafka and a PostgreSQL of its own. Prints the table of docs/operating.md. Flags: --events, --pairs.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { parseConfig } from '../src/runtime/config.ts'
import { createLog } from '../src/runtime/log.ts'
import { openLab, said } from './lab.ts'
import { machine, megabytes } from './machine.ts'
import { preload } from './preload.ts'

const { values: flags } = parseArgs({
  options: { events: { type: 'string', default: '2000000' }, pairs: { type: 'string', default: '1000000' } },
})
const [events, pairs] = [Number(flags.events), Number(flags.pairs)]
const partitions = 4
const log = createLog('bench', 'warn')
const say = (line: string) => process.stdout.write(`${line}\n`)
const row = (what: string, cost: string) => say(`| ${what} | ${cost} |`)

const lab = await openLab()
try {
  say(`${machine()}; ${events} events with an id each, ${pairs} rows, ${partitions} partitions, uncompressed\n`)
  say('| what | costs |\n| --- | --- |')
  const empty = await idle('empty', 1, 0)
  await pipeline(empty)
  const many = await idle('wide', 100, 0)
  row('memory of a consumer per open partition', `${(((many - empty) * 1_000) / 99).toFixed(0)} kB`)
} finally {
  await lab.close()
}

/** Memory of a consumer that has opened its partitions and counted what there is. */
async function idle(name: string, width: number, expected: number): Promise<number> {
  const env = lab.settings(name, name, width)
  if (expected === 0) await lab.createDatabase(env)
  const consumer = lab.run('consumer', env)
  await said(consumer, 'partition opened', width)
  const held = await settled(consumer.pid!)
  await lab.stop(consumer)
  return held
}

async function pipeline(emptyMegabytes: number): Promise<void> {
  const env = lab.settings('sizes', 'sizes', partitions)
  await lab.createDatabase(env)
  await preload(parseConfig(env), log, { events, pairs, ids: true }, partitions)
  const consumer = lab.run('consumer', env)
  const api = lab.run('api', { ...env, API_PORT: '18999' })
  const client = await lab.connect('sizes')
  const one = async (sql: string) => Number((await client.query<{ n: string }>(sql)).rows[0]!.n)
  while ((await one('select coalesce(sum(counted), 0) as n from partition_ledger')) < events) await pause(100)
  const perMillion = (bytes: number, of: number) => `${(((bytes / of) * 1e6) / 1024 / 1024).toFixed(0)} MiB`
  row('Kafka: disk per million events', perMillion(logBytes('sizes'), events))
  await client.query('vacuum daily_user_item_summary')
  const table = await one(`select pg_table_size('daily_user_item_summary') as n`)
  const index = await one(`select pg_indexes_size('daily_user_item_summary') as n`)
  row(
    'PostgreSQL: disk per million rows of counts',
    `${perMillion(table, pairs)} and ${perMillion(index, pairs)} of index`,
  )
  row(
    'PostgreSQL: disk per million remembered ids',
    perMillion(await one(`select pg_total_relation_size('event_ids') as n`), events),
  )
  row('connections of a consumer', await connections(consumer.pid!, 'consumer'))
  row('connections of an api without load', await connections(api.pid!, 'api'))
  await Promise.all([lab.stop(consumer), lab.stop(api)])
  const full = await idle('sizes', partitions, events)
  row('memory of a consumer with nothing to remember', `${emptyMegabytes} MB`)
  row('memory of a consumer per million remembered ids', `${(((full - emptyMegabytes) / events) * 1e6).toFixed(0)} MB`)
  await client.end()

  async function connections(pid: number, role: string): Promise<string> {
    const postgres = await one(
      `select count(*) as n from pg_stat_activity where application_name like 'footfall ${role}%'`,
    )
    return `${socketsTo(pid, lab.kafka.port)} to Kafka, ${postgres} to PostgreSQL`
  }
}

/** Resident memory once it stands still, in MB. */
async function settled(pid: number): Promise<number> {
  for (let last = 0, now = megabytes(pid); ; last = now, now = megabytes(pid)) {
    if (Math.abs(now - last) <= 1) return now
    await pause(2_000)
  }
}

function logBytes(topic: string): number {
  const folders = readdirSync(lab.kafkaLogs).filter(name => name.startsWith(`${topic}-`))
  const files = folders.flatMap(name =>
    readdirSync(join(lab.kafkaLogs, name)).map(file => join(lab.kafkaLogs, name, file)),
  )
  return files.filter(file => file.endsWith('.log')).reduce((sum, file) => sum + statSync(file).size, 0)
}

/** Established TCP connections of a process to this port, as Linux lists them. */
function socketsTo(pid: number, port: number): number {
  const own = new Set(readdirSync(`/proc/${pid}/fd`).map(fd => readlinkSync(`/proc/${pid}/fd/${fd}`)))
  const remote = new RegExp(`^[0-9A-F]+:${port.toString(16).toUpperCase().padStart(4, '0')}$`)
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .map(text => text.trim().split(/\s+/))
    .filter(
      ([, , to, state, , , , , , inode]) => state === '01' && remote.test(to ?? '') && own.has(`socket:[${inode}]`),
    ).length
}
