/** A write followed by a read that shows it: waits until records are counted. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Freshness, Look } from './freshness.ts'
import type { AwaitedPosition } from './parameters.ts'

/** Settles follow each other within tens of milliseconds where events are few. */
const pauseMs = 10

export interface Uncounted {
  /** A halt is not waited for. */
  readonly code: 'not_counted_yet' | 'partition_halted'
  readonly detail: string
}

/** @returns what stands in the way when the time is up; undefined when all is counted. @throws what faultKind sorts. */
export async function awaitCounted(
  freshness: Freshness,
  positions: readonly AwaitedPosition[],
  timeoutMs: number,
): Promise<Uncounted | undefined> {
  const deadlineMs = performance.now() + timeoutMs
  for (;;) {
    const uncounted = firstUncounted(await freshness(), positions)
    if (uncounted?.code !== 'not_counted_yet' || performance.now() + pauseMs > deadlineMs) return uncounted
    await pause(pauseMs)
  }
}

function firstUncounted({ standings }: Look, positions: readonly AwaitedPosition[]): Uncounted | undefined {
  for (const { partition, offset } of positions) {
    const { nextOffset, halt } = standings.get(partition) ?? { nextOffset: undefined, halt: null }
    if (nextOffset !== undefined && nextOffset > offset) continue
    const stands = nextOffset === undefined ? 'nothing of it was counted yet' : `it is counted up to ${nextOffset - 1}`
    const awaited = `Offset ${offset} of partition ${partition} is awaited: ${stands}`
    if (halt === null) return { code: 'not_counted_yet', detail: `${awaited}.` }
    return { code: 'partition_halted', detail: `${awaited}, and it is halted (${halt}) until a person decides.` }
  }
  return undefined
}
