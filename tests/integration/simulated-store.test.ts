/** The SQL stands behind the simulator: one sequence of operations, done to its tables and to real ones, step by step. */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import type pg from 'pg'
import type { Batch, Reject, Repair } from '../../src/consumer/batch.ts'
import { addToMinutes, kindsOf, type Minute, minuteAt } from '../../src/consumer/minutes.ts'
import { PostgresStore } from '../../src/consumer/postgres-store.ts'
import { type Store, StoreFault } from '../../src/consumer/store.ts'
import { Window } from '../../src/consumer/window.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { changeRules as changeRulesInSql, readRules } from '../../src/postgres/rules.ts'
import { carryOut as carryOutInSql } from '../../src/upkeep/partitions/carry-out.ts'
import type { Halted, Plan } from '../../src/upkeep/partitions/halt-plans.ts'
import { linesOf } from '../simulation/activity.ts'
import { carryOut, changeRules } from '../simulation/carry-out.ts'
import { Dice } from '../simulation/dice.ts'
import { Host, Scheduler } from '../simulation/scheduler.ts'
import { Server } from '../simulation/store.ts'
import { keyOf, type Row, Tables, Transaction } from '../simulation/tables.ts'
import { activities } from '../simulation/vocabulary.ts'
import { closing, connect, freshDatabase } from '../support/environment.ts'
import { someKernel } from '../support/some-kernel.ts'

const partitions = [0, 1, 2]
const topics = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002']
const users = ['550e8400-e29b-41d4-a716-446655440000', 'aaaaaaaa-e29b-41d4-a716-446655440000']
const minuteMs = 60_000
const hourMs = 60 * minuteMs

const rare = [
  'settled',
  'busy',
  'overtaken',
  '23514',
  '23505',
  'marked too few',
  'begin',
  'skip',
  'close',
  'start moved',
  'halted',
  'repaired',
  'minutes became days',
  'days became one sum',
]

test('the simulated tables do what PostgreSQL does, in results, refusals and rows: known operations of every kind', async t => {
  const seen = await compare(t, 'known', 500)
  const lacking = rare.filter(one => ![...seen.keys()].some(what => what.includes(one)))
  assert.deepEqual(lacking, [], `reached: ${[...seen].map(([what, times]) => `${times} ${what}`).join(', ')}`)
})

test('the simulated tables do what PostgreSQL does: fresh operations', async t => {
  const seed = randomInt(2 ** 31)
  t.diagnostic(`seed ${seed}`)
  await compare(t, seed, 200)
})

/** @returns how often what was done. */
async function compare(t: TestContext, seed: number | string, operations: number): Promise<Map<string, number>> {
  const twins = await twinsOf(t, new Dice(seed))
  const seen = new Map<string, number>()
  for (let done = 0; done < operations; done++) {
    const what = await twins.operate()
    seen.set(what, (seen.get(what) ?? 0) + 1)
    assert.deepEqual(await rowsOf(twins.client), rowsOfSimulated(twins.tables), `after operation ${done}, ${what}`)
  }
  for (const { days } of twins.tables.activity.values()) {
    const isBefore = days.has(Number.NEGATIVE_INFINITY)
    if (isBefore) seen.set('days became one sum', 1)
    if (days.size > (isBefore ? 1 : 0)) seen.set('minutes became days', 1)
  }
  return seen
}

interface Twins {
  readonly client: pg.Client
  readonly tables: Tables
  /** Does something to both and compares what they say of it. @returns what it was. */
  readonly operate: () => Promise<string>
}

async function twinsOf(t: TestContext, dice: Dice): Promise<Twins> {
  const database = await freshDatabase()
  const client = await connect(t, database)
  const other = await connect(t, database)
  await migrate(client)
  const real = new PostgresStore({ postgres: database })
  closing(t, () => real.close())
  const limits = { maxAgeDays: 400, maxAheadMinutes: 60, windowHours: 1, windowIdsMax: 6 }
  const { rules } = await real.install('events', limits)

  const scheduler = new Scheduler(dice)
  scheduler.jumps = 0
  const tables = new Tables()
  tables.rules.push(rules)
  const host = new Host(1, 'consumer')
  const server = new Server(tables, scheduler, new Host(0, 'server'), () => {})
  const simulated = server.storeOf(host)
  let last: readonly Batch[] = []

  /** The same question to both. */
  async function both<T>(ask: (store: Store) => Promise<T>, shown: (answer: T) => unknown): Promise<T | StoreFault> {
    const [a, b] = [await answerOf(ask(real)), await answerOf(driven(scheduler, ask(simulated)))]
    const show = (answer: T | StoreFault) =>
      answer instanceof StoreFault ? `${answer.kind} ${answer.sqlState}` : shown(answer)
    assert.deepEqual(show(b), show(a))
    while (server.open.size > 0) assert.ok(scheduler.step()) // a connection that was given up is closed
    return a
  }

  async function settle(): Promise<string> {
    const rows = tables.currentRows.filter(() => dice.chance(0.6))
    if (rows.length === 0) return 'nothing'
    const isAgain = last.length > 0 && dice.chance(0.15)
    const batches = isAgain ? last : rows.map(row => batchOf(dice, tables, row))
    const locked = dice.chance(0.15) ? batches[0]!.of : undefined
    const lock = new Transaction(host)
    if (locked !== undefined) {
      tables.lock(keyOf(locked), lock)
      await other.query('begin')
      await other.query(
        'select from partition_ledger where topic_id = $1 and partition = $2 and lineage = $3 for update',
        [locked.topicId, locked.partition, locked.lineage],
      )
    }
    const outcomes = await both(
      store => store.settle(batches),
      answer => batches.map(batch => answer.get(batch)),
    )
    if (locked !== undefined) {
      await other.query('rollback')
      tables.rollback(lock)
    }
    if (outcomes instanceof StoreFault) return `settle refused with ${outcomes.sqlState}`
    last = batches
    const repaired = batches.some(one => outcomes.get(one) === 'settled' && one.repairs.length > 0) ? ', repaired' : ''
    return `settle${isAgain ? ' again' : ''}: ${[...new Set(outcomes.values())].sort().join(' and ')}${repaired}`
  }

  async function resume(): Promise<string> {
    const row = tables.currentRows.findLast(({ state }) => state === 'halted')
    if (row === undefined) return 'nothing'
    const plan = planOf(dice, tables, row)
    const since = '2026-11-22T22:00:00Z'
    const at: Halted = { ...row, nextOffset: row.next - (dice.chance(0.1) ? 1 : 0), halt: { ...row.halt!, since } }
    const isDone = await carryOutInSql(client, at, plan, { decision: 'resume', operatingUser: 'test', note: undefined })
    assert.equal(carryOut(tables, at, plan) !== undefined, isDone)
    return `resume: ${isDone ? plan.does : 'not as it was shown'}`
  }

  async function operate(): Promise<string> {
    const partition = dice.pick(partitions)
    const topicId = dice.chance(0.9) ? topics[0]! : topics[1]!
    const row = tables.current(partition)
    const at = row && { of: row, nextOffset: row.next + (dice.chance(0.2) ? dice.pick([-1, 1]) : 0) }
    switch (dice.below(16)) {
      case 0: {
        const logStart = dice.below(3) // offsets of partitions meet
        // A partition whose last row was closed begins in another topic: the old one's id never comes back.
        const isClosed = row === undefined && tables.ledger.has(keyOf({ topicId, partition, lineage: 1 }))
        const id = isClosed ? `00000000-0000-4000-8000-${String(tables.ledger.size + 9).padStart(12, '0')}` : topicId
        await both(store => store.open(id, partition, logStart), shownOpened)
        return 'open'
      }
      case 1:
        await both(
          store => store.places(partitions),
          places => places.map(({ of, nextOffset }) => [keyOf(of), of.rulesVersion, nextOffset]).sort(),
        )
        return 'places'
      case 2: {
        // Mostly one that nothing was counted of.
        const of = tables.currentRows.find(({ start, next }) => start === next) ?? row
        if (of === undefined) return 'nothing'
        const standing = { of, nextOffset: of.next - dice.below(2), clockMs: -1, tail: undefined, ids: [] }
        const isMoved = await both(store => store.moveStart(standing, of.start + 3), String)
        return isMoved === true ? 'start moved' : 'start stays'
      }
      case 3: {
        if (at === undefined) return 'nothing'
        const halt = { reason: 'gap', from: at.nextOffset, to: at.nextOffset + 4, detail: 'for this test' } as const
        return (await both(store => store.halt(at, halt), String)) === true ? 'halted' : 'not halted'
      }
      case 4:
      case 9: {
        if (at === undefined) return 'nothing'
        // Of this partition, or where only another one has a reject.
        const isOwn = dice.chance(0.5)
        const from = dice.pick([...tables.ledger.values()].filter(one => one.partition === partition || !isOwn))
        const kept = tables.rejects.get(keyOf(from)) ?? []
        const offset = kept.length === 0 ? 0 : dice.pick(kept).reject.offset
        // The simulated store reads fewer at once: what is compared lies within both.
        const upTo = offset + 1
        await both(
          store => store.origins(at, { ...from, offset }),
          known => known && [...known.repaired].filter(([one]) => one < upTo),
        )
        return 'origins'
      }
      case 5: {
        if (!dice.chance(0.2)) return 'nothing'
        const count = dice.between(1, 3)
        await both(store => store.haltGone(topicId, count), String)
        return 'halt gone'
      }
      case 6: {
        if (!dice.chance(0.2)) return 'nothing'
        const wanted = { ...limits, judgeVersion: rules.judgeVersion, maxAgeDays: dice.between(1, 400) }
        await changeRulesInSql(client, (await readRules(client))!, wanted, 'test')
        changeRules(tables, wanted)
        return 'rules changed'
      }
      case 7:
      case 8:
        return resume()
      default:
        return settle()
    }
  }
  return { client, tables, operate }
}

/** What both refuse although no server does, as what no fold would ask for, is compared as a fault of its own. */
async function answerOf<T>(answer: Promise<T>): Promise<T | StoreFault> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof StoreFault) return error
    if (/^marked /.test((error as Error).message)) return new StoreFault('data', 'marked too few', error)
    throw error
  }
}

/** Lets simulated things happen until this one has. */
async function driven<T>(scheduler: Scheduler, answer: Promise<T>): Promise<T> {
  let isOver = false
  const over = () => {
    isOver = true
  }
  answer.then(over, over)
  for (;;) {
    await new Promise(resolve => setImmediate(resolve))
    if (isOver) return answer
    assert.ok(scheduler.step(), 'nothing goes on')
  }
}

function planOf(dice: Dice, tables: Tables, row: Row): Plan {
  switch (dice.below(5)) {
    case 0:
      return { does: 'open' }
    case 1:
      return { does: 'skip', to: row.next + dice.between(1, 5) }
    case 2:
    case 3: {
      const start = Math.max(0, row.next - dice.below(4))
      const next = start + dice.below(3)
      const inherits = dice.chance(0.5)
      const topicId = inherits ? row.topicId : dice.pick(topics)
      // The id of a topic never comes back.
      const isTaken = tables.ledger.has(keyOf({ topicId, partition: row.partition, lineage: row.lineage + 1 }))
      if (isTaken) return { does: 'open' }
      return { does: 'begin', topicId, start, next, inherits }
    }
    default:
      return { does: 'close', partitions: row.partition }
  }
}

/** A batch that fits, or one that is late, early, of other rules, out of balance, or has what is there already. */
function batchOf(dice: Dice, tables: Tables, row: Row): Batch {
  const misfit = dice.below(14)
  const from = Math.max(0, row.next + (misfit === 0 ? -2 : misfit === 1 ? 2 : 0))
  const rejected = dice.below(3)
  const [counted, duplicate, skipped] = [dice.between(1, 3), dice.below(2), dice.below(2)]
  const to = from + counted + duplicate + rejected + skipped + (misfit === 3 ? 1 : 0)
  const clockMs =
    Math.max(row.clockMs, 0) + dice.pick([0, 1, minuteMs, 11 * minuteMs, 70 * minuteMs, 4 * hourMs, 600 * hourMs])
  const limits = { windowHours: 1, windowIdsMax: 6, segmentIdsMax: 2 }
  const kernel = someKernel()
  const window = new Window(limits, misfit === 4 ? [] : row.ids, kernel)
  window.advance(clockMs)
  const claimed = misfit === 4 ? (row.ids[0]?.firstOffset ?? from) : from
  for (let at = 0; at < counted; at++) {
    window.claim(
      Uint32Array.from({ length: 4 }, () => dice.below(2 ** 32)),
      claimed + at,
      clockMs,
    )
  }
  const event = { day: 20_000 + dice.below(2), userId: dice.pick(users), itemId: users[1]!, eventId: undefined }
  const activity = dice.pick(activities)
  const minutes: Minute[] = []
  for (let n = 0; n < counted; n++) {
    kernel.add({ ...event, activity })
    addToMinutes(minutes, n === 0 ? row.clockMs : clockMs, kindsOf[activity])
  }
  const rejects = Array.from({ length: rejected }, (_, at) => rejectOf(dice, row, from + at))
  return {
    of: {
      ...row,
      rulesVersion: row.rulesVersion + (misfit === 2 ? 1 : 0),
      lineage: row.lineage + (misfit === 5 ? 1 : 0),
    },
    from,
    to,
    after: misfit === 6 ? { epoch: 1, crc: 1 } : row.tail,
    counted,
    duplicate,
    rejected,
    skipped,
    clockMs,
    tail: { epoch: dice.below(9), crc: dice.below(2 ** 32) },
    delta: kernel.takeRows(),
    minutes,
    entersMinute: minuteAt(clockMs) !== minuteAt(row.clockMs),
    window: window.takeChange(),
    rejects,
    rejectBytes: 0,
    repairs: repairsOf(dice, tables, row, from),
    firstAppendMs: -1,
  }
}

function rejectOf(dice: Dice, { topicId, partition, lineage }: Row, offset: number): Reject {
  const bytes = () => Buffer.from([dice.below(256), 0, 0xff])
  const key = dice.chance(0.5) ? null : bytes()
  const rejection = { reason: 'not_json', pointer: '/a', detail: 'for this test' } as const
  const origin = dice.chance(0.3) ? { topicId, partition, lineage, offset: dice.below(9) } : undefined
  return { ...rejection, offset, appendMs: dice.below(1_000), key, value: bytes(), headers: bytes(), origin }
}

/** Of one that may be repaired, or was: which a fold that knows its origins never asks for. */
function repairsOf(dice: Dice, tables: Tables, row: Row, offset: number): Repair[] {
  const lineages = [...tables.ledger.values()].filter(one => one.partition === row.partition)
  const isRepaired = dice.chance(0.25)
  const found = lineages.flatMap(of => {
    const kept = tables.rejects.get(keyOf(of)) ?? []
    return kept
      .filter(({ repair }) => (repair !== undefined) === isRepaired)
      .map(({ reject }) => ({ ...of, offset: reject.offset }))
  })
  if (found.length === 0 || !dice.chance(0.3)) return []
  // Where another partition has a reject at the same offset, it is to stay as it is.
  const twins = found.filter(({ topicId, lineage, partition, offset }) => {
    const others = partitions.filter(other => other !== partition)
    const at = (other: number) => tables.rejects.get(keyOf({ topicId, lineage, partition: other })) ?? []
    return others.some(other => at(other).some(({ reject }) => reject.offset === offset))
  })
  return [{ origin: dice.pick(twins.length > 0 ? twins : found), offset, as: dice.pick(['counted', 'duplicate']) }]
}

function shownOpened({ standing, startOffset, halt, rules }: Awaited<ReturnType<Store['open']>>) {
  const { of, nextOffset, clockMs, tail, ids } = standing
  const { version, maxAgeDays } = rules
  return { of: [keyOf(of), of.rulesVersion], nextOffset, clockMs, tail, startOffset, halt, version, maxAgeDays, ids }
}

type Rows = Readonly<Record<'ledger' | 'ids' | 'counts' | 'rejects' | 'minutes' | 'days', readonly string[]>>

async function rowsOf(client: pg.Client): Promise<Rows> {
  const list = async (sql: string) => (await client.query<{ row: string }>(sql)).rows.map(({ row }) => row).sort()
  return {
    ledger: await list(
      `select concat_ws(' ', topic_id || '/' || partition || '/' || lineage, start_offset, next_offset, counted, duplicate,
              rejected, skipped, lost, clock_ms, rules_version, coalesce(tail_epoch::text, '-'),
              coalesce(tail_crc::text, '-'), state, coalesce(halt_reason, '-'), coalesce(halt_from::text, '-'),
              coalesce(halt_to::text, '-'), in_activity) as row from partition_ledger`,
    ),
    ids: await list(
      `select concat_ws(' ', topic_id || '/' || partition || '/' || lineage, segment, first_offset, first_ms, newest_ms,
              encode(ids, 'hex')) as row from event_ids`,
    ),
    counts: await list(
      `select concat_ws(' ', user_id || '|' || date || '|' || item_id, view_count, click_count, purchase_count) as row
         from daily_user_item_summary`,
    ),
    rejects: await list(
      `select concat_ws(' ', topic_id || '/' || partition || '/' || lineage, "offset", reason, pointer,
              coalesce(encode(key, 'hex'), '-'), encode(value, 'hex'), encode(headers, 'hex'), append_ms,
              coalesce(repaired_topic_id || '/' || partition || '/' || repaired_lineage || ' ' || repaired_offset || ' '
                       || repaired_as, '-'),
              coalesce(origin_topic_id || '/' || origin_lineage || '/' || origin_offset, '-')) as row from rejects`,
    ),
    minutes: await list(
      `select concat_ws(' ', partition, (extract(epoch from minute) * 1000)::bigint, view_count, click_count,
              purchase_count) as row from activity_minutes`,
    ),
    days: await list(
      `select concat_ws(' ', partition, case when isfinite(date) then (date - date '1970-01-01')::text else '-Infinity' end,
              view_count, click_count, purchase_count) as row from activity_days`,
    ),
  }
}

function rowsOfSimulated(tables: Tables): Rows {
  const rows = [...tables.ledger.values()]
  const hex = (bytes: Buffer | null) => (bytes === null ? '-' : bytes.toString('hex'))
  return {
    ledger: rows
      .map(row => {
        const { start, next, counted, duplicate, rejected, skipped, lost, clockMs, rulesVersion, tail, state, halt } =
          row
        const sums = [start, next, counted, duplicate, rejected, skipped, lost, clockMs, rulesVersion]
        const rest = [
          tail?.epoch ?? '-',
          tail?.crc ?? '-',
          state,
          halt?.reason ?? '-',
          halt?.from ?? '-',
          halt?.to ?? '-',
          counted,
        ]
        return [keyOf(row), ...sums, ...rest].join(' ')
      })
      .sort(),
    ids: rows
      .flatMap(row =>
        row.ids.map(one =>
          [keyOf(row), one.segment, one.firstOffset, one.firstMs, one.newestMs, hex(one.ids)].join(' '),
        ),
      )
      .sort(),
    counts: [...tables.counts].map(([key, counts]) => `${key} ${counts.join(' ')}`).sort(),
    rejects: [...tables.rejects]
      .flatMap(([key, kept]) =>
        kept.map(({ reject, repair }) => {
          const { offset, reason, pointer, value, headers, appendMs, origin } = reject
          const by = repair === undefined ? '-' : `${repair.by} ${repair.offset} ${repair.as}`
          const of = origin === undefined ? '-' : `${origin.topicId}/${origin.lineage}/${origin.offset}`
          return [key, offset, reason, pointer, hex(reject.key), hex(value), hex(headers), appendMs, by, of].join(' ')
        }),
      )
      .sort(),
    minutes: linesOf(tables.activity, 'minutes'),
    days: linesOf(tables.activity, 'days'),
  }
}
