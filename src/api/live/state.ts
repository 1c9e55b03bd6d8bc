/** From a look at the ledger to what people are told: the books, each partition, and in one word how it goes. Pure. */
import type { LedgerLook, LedgerRow } from './ledger.ts'

const fates = ['counted', 'duplicate', 'rejected', 'skipped', 'lost'] as const

/** Counts as digits, because they may pass 2^53; offsets and times as numbers and ISO texts. */
export interface State {
  readonly state: 'waiting' | 'live' | 'behind' | 'halted' | 'stale'
  /** One sentence for people. */
  readonly why: string | null
  /** Of all lineages; null while nothing is known. read is the sum of the others. */
  readonly ledger: Readonly<Record<'read' | (typeof fates)[number], string>> | null
  readonly lag: number | null
  readonly waited_ms: number | null
  readonly seen_at: string | null
  /** At most 256 of them, those that are halted first of all. */
  readonly partitions: readonly PartitionState[]
}

type PartitionState = Readonly<Record<(typeof fates)[number], string>> & {
  readonly partition: number
  readonly owner: string | null
  readonly start_offset: number
  readonly next_offset: number
  readonly log_start: number | null
  readonly log_end: number | null
  readonly lag: number | null
  readonly settled_at: string | null
  readonly waited_ms: number | null
  readonly seen_at: string | null
  readonly halt: null | {
    readonly reason: string
    readonly from: number
    readonly to: number
    readonly detail: string
    readonly since: string | null
  }
}

/** Consumers report every two seconds; who says nothing for so long is gone, or cut off. */
const silentMs = 10_000
/** What waits longer than this is behind: in quiet times an event is counted within tens of milliseconds. */
const behindMs = 5_000
/** Partitions that were settled within this of the latest were settled together. */
const togetherMs = 1_000
/** Named in a sentence; the others are counted. */
const namedMax = 5
/** A state goes to every reader once a second: of more partitions the halted ones are listed, and the first of the rest. */
const listedMax = 256

/** @param before the look before this one: being behind is what lasts, not what is seen between two commits. */
export function stateOf(look: LedgerLook, before: LedgerLook | undefined): State {
  const current = look.rows.filter(({ state }) => state !== 'closed')
  const sum = (of: (row: LedgerRow) => bigint) => String(look.rows.reduce((total, row) => total + of(row), 0n))
  const lags = current.map(lagOf)
  // A consumer that has just begun settles before it reports.
  const seenAt = latest(current.map(row => row.seenAt ?? row.settledAt))
  return {
    ...judge(look, before, current, seenAt),
    ledger: {
      read: sum(row => BigInt(row.nextOffset) - BigInt(row.startOffset)),
      counted: sum(row => BigInt(row.counted)),
      duplicate: sum(row => BigInt(row.duplicate)),
      rejected: sum(row => BigInt(row.rejected)),
      skipped: sum(row => BigInt(row.skipped)),
      lost: sum(row => BigInt(row.lost)),
    },
    lag: total(lags),
    waited_ms: waitedOf(current),
    seen_at: iso(seenAt),
    partitions: listed(current).map(partitionState),
  }
}

function judge(
  look: LedgerLook,
  before: LedgerLook | undefined,
  current: readonly LedgerRow[],
  seenAt: Date | null,
): Pick<State, 'state' | 'why'> {
  const halted = current.filter(({ state }) => state === 'halted')
  if (halted.length > 0) return { state: 'halted', why: whyHalted(halted) }
  const isNothingRead = look.rows.every(row => row.nextOffset === row.startOffset)
  if (isNothingRead && seenAt === null) return { state: 'waiting', why: 'No consumer has reported yet.' }
  if (seenAt === null || look.at.getTime() - seenAt.getTime() > silentMs) {
    const since = seenAt === null ? 'yet' : `since ${seenAt.toISOString()}`
    return { state: 'stale', why: `No consumer has reported ${since}: it is stopped, or Kafka or PostgreSQL is away.` }
  }
  if (isBehind(look) && (before === undefined || isBehind(before))) {
    const lag = current.reduce((sum, row) => sum + (lagOf(row) ?? 0), 0)
    return { state: 'behind', why: `Behind the log: ${lag} records wait to be counted.` }
  }
  if (isNothingRead) return { state: 'waiting', why: 'Nothing was counted yet: what is sent shows up here.' }
  return { state: 'live', why: null }
}

function whyHalted(halted: readonly LedgerRow[]): string {
  const named = halted.slice(0, namedMax).map(({ partition, haltReason }) => `${partition} (${haltReason})`)
  const more = halted.length > namedMax ? ` and ${halted.length - namedMax} more` : ''
  const [noun, verb] = halted.length === 1 ? ['Partition', 'is'] : ['Partitions', 'are']
  return `${noun} ${named.join(', ')}${more} ${verb} halted until a person decides: ./footfall partitions shows the ways out.`
}

/** Records wait, and by the settles or by the clocks they do so for long. */
function isBehind({ at, rows }: LedgerLook): boolean {
  const waiting = rows.filter(row => row.state === 'open' && (lagOf(row) ?? 0) > 0)
  return waiting.some(({ waitedMs, clock, seenAt }) => {
    const asOf = clock ?? seenAt
    return Number(waitedMs ?? 0) > behindMs || (asOf !== null && at.getTime() - asOf.getTime() > behindMs)
  })
}

/** Of the partitions that were settled last, the one whose records waited longest. */
function waitedOf(current: readonly LedgerRow[]): number | null {
  const last = latest(current.map(({ settledAt }) => settledAt))?.getTime() ?? 0
  const waits = current.flatMap(({ settledAt, waitedMs }) =>
    settledAt !== null && waitedMs !== null && last - settledAt.getTime() <= togetherMs ? [Number(waitedMs)] : [],
  )
  return waits.length === 0 ? null : Math.max(...waits)
}

function listed(current: readonly LedgerRow[]): readonly LedgerRow[] {
  if (current.length <= listedMax) return current
  const [halted, open] = [true, false].map(is => current.filter(({ state }) => (state === 'halted') === is))
  const some = [...halted!, ...open!].slice(0, listedMax)
  return some.sort((a, b) => a.partition - b.partition)
}

function partitionState(row: LedgerRow): PartitionState {
  const { partition, owner, counted, duplicate, rejected, skipped, lost, haltReason } = row
  return {
    ...{ partition, owner, start_offset: Number(row.startOffset), next_offset: Number(row.nextOffset) },
    ...{ log_start: numberOf(row.logStart), log_end: logEndOf(row), lag: lagOf(row) },
    ...{ counted, duplicate, rejected, skipped, lost },
    ...{ settled_at: iso(row.settledAt), waited_ms: numberOf(row.waitedMs), seen_at: iso(row.seenAt) },
    halt:
      row.state !== 'halted'
        ? null
        : {
            ...{ reason: haltReason ?? '', from: Number(row.haltFrom), to: Number(row.haltTo) },
            ...{ detail: row.haltDetail ?? '', since: iso(row.haltedAt) },
          },
  }
}

/** It was reported up to two seconds ago: what was counted since lies in the log, unless the partition is halted over that. */
const logEndOf = ({ state, logEnd, nextOffset }: LedgerRow): number | null =>
  logEnd === null ? null : state === 'halted' ? Number(logEnd) : Math.max(Number(logEnd), Number(nextOffset))

const lagOf = ({ logEnd, nextOffset }: LedgerRow): number | null =>
  logEnd === null ? null : Math.max(0, Number(logEnd) - Number(nextOffset))

/** What is not known of one partition is not known of all. */
const total = (lags: readonly (number | null)[]): number | null =>
  lags.length === 0 || lags.includes(null) ? null : lags.reduce<number>((sum, lag) => sum + lag!, 0)

const latest = (times: readonly (Date | null)[]): Date | null =>
  times.reduce((last, time) => (time !== null && (last === null || time > last) ? time : last), null)

const iso = (time: Date | null): string | null => time?.toISOString() ?? null
const numberOf = (digits: string | null): number | null => (digits === null ? null : Number(digits))
