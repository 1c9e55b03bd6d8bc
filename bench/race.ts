/** One contestant works off one topic: how fast, at what cost, and whether the sum is exact. */
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import type { Child } from '../src/stack/child.ts'
import type { Contestant } from './contestants.ts'
import type { Lab } from './lab.ts'
import { cpuSeconds, cpuSecondsOfTree, peakMegabytesOfTree } from './machine.ts'
import type { Shape } from './shapes.ts'

export interface Race {
  readonly contestant: string
  readonly topic: string
  readonly events: number
  readonly isExact: boolean
  /** What the table says in the end. */
  readonly sum: number
  readonly rows: number
  /** From the start of its process, and from when it had its partitions, to the last commit. */
  readonly seconds: number
  readonly secondsAssigned: number
  /** CPU seconds, a start included. */
  readonly consumerCpu: number
  readonly postgresCpu: number
  readonly kafkaCpu: number
  readonly peakMegabytes: number
}

const lookEveryMs = 50
/** So long nothing was committed: it is done, or has stopped. */
const quietMs = 500
/** Some write something all the time. */
const sumEveryMs = 5_000
/** A JVM on a busy machine takes its time until the first row. */
const stuckMs = 180_000
const stopDeadlineMs = 3_000

/** @throws when it ends by itself or makes no headway for three minutes. */
export async function race(lab: Lab, contestant: Contestant, shape: Shape, database: string): Promise<Race> {
  await contestant.prepare(lab, { topic: shape.name, database })
  const client = await lab.connect(database)
  await client.query('checkpoint')
  const postgresBefore = cpuSecondsOfTree(lab.postgres.pid)
  const kafkaBefore = cpuSeconds(lab.kafka.pid)
  const startMs = Date.now()
  const program = lab.serve(contestant.consumer(lab, { topic: shape.name, database }))
  try {
    await finished(client, program, shape.events)
    const consumerCpu = cpuSecondsOfTree(program.pid)
    const postgresCpu = cpuSecondsOfTree(lab.postgres.pid) - postgresBefore
    const kafkaCpu = cpuSeconds(lab.kafka.pid) - kafkaBefore
    const peakMegabytes = peakMegabytesOfTree(program.pid)
    const { sum, rows, last_ms: lastMs } = await outcome(client)
    const assignedMs = contestant.assignedMs(readFileSync(program.logFile, 'utf8')) ?? startMs
    return {
      contestant: contestant.name,
      topic: shape.name,
      events: shape.events,
      isExact: sum === shape.events && rows === shape.pairs,
      sum,
      rows,
      seconds: (lastMs - startMs) / 1_000,
      secondsAssigned: (lastMs - assignedMs) / 1_000,
      consumerCpu,
      postgresCpu,
      kafkaCpu,
      peakMegabytes,
    }
  } finally {
    await program.stop('SIGTERM', stopDeadlineMs)
    await client.end()
    await lab.dropDatabase(database)
    await lab.deleteTopicsOf(database)
  }
}

/** Looks at the last commit, not at the table: that would be work for PostgreSQL while others are timed on it. */
async function finished(client: pg.Client, program: Child, events: number): Promise<void> {
  let [last, counted] = ['', -1]
  let [movedMs, summedMs, grewMs] = [performance.now(), 0, performance.now()]
  for (;;) {
    await pause(lookEveryMs)
    if (!program.running()) throw new Error(`it ${await program.ended}: ${tail(program.logFile)}`)
    const { rows } = await client.query<{ xid: string }>('select xid::text from pg_last_committed_xact()')
    const nowMs = performance.now()
    if (rows[0]!.xid !== last) {
      last = rows[0]!.xid
      movedMs = nowMs
    }
    const isDue = nowMs - movedMs > quietMs ? nowMs - summedMs > quietMs : nowMs - summedMs > sumEveryMs
    if (!isDue) continue
    summedMs = nowMs
    const { sum } = await outcome(client, false)
    if (sum >= events) return
    if (sum > counted) [counted, grewMs] = [sum, nowMs]
    if (nowMs - grewMs > stuckMs) throw new Error(`it stands at ${sum} of ${events}: ${tail(program.logFile)}`)
  }
}

interface Outcome {
  readonly sum: number
  readonly rows: number
  readonly last_ms: number
}

async function outcome(client: pg.Client, isLast = true): Promise<Outcome> {
  const { rows } = await client.query<Outcome>(
    `select coalesce(sum(view_count + click_count + purchase_count), 0)::float8 as sum, count(*)::float8 as rows
            ${isLast ? ', (extract(epoch from max(pg_xact_commit_timestamp(xmin))) * 1000)::float8 as last_ms' : ''}
       from daily_user_item_summary`,
  )
  return rows[0]!
}

const tail = (file: string): string => readFileSync(file, 'utf8').trim().split('\n').slice(-3).join(' | ').slice(-300)
