/** How often each rare state was reached, as the processes told it and the proxies saw it. */
import type { Event } from '../../src/runtime/events.ts'
import type { Line } from './part.ts'
import type { Stage } from './stage.ts'

export type Tally = Map<string, number>

export function add(tally: Tally, name: string, times = 1): void {
  tally.set(name, (tally.get(name) ?? 0) + times)
}

/** All that a campaign wants to have seen, so that what was not is shown as 0. */
const wanted = [
  'settle overtaken by another owner',
  'partition taken over by another process',
  'COMMIT landed, its answer lost',
  'COMMIT lost before it landed',
  'settle failed and was repeated',
  'deadlock (40P01)',
  'settling became slow',
  'group membership lost',
  'partition halted: refused',
  'partition halted: compacted',
  'partition halted: bad_crc',
  'partition halted: unknown_codec',
  'partition halted: trimmed',
  'trouble that a second look did not show',
  'API answered 503',
  'records that Kafka may have taken twice',
] as const

export const emptyTally = (): Tally => new Map(wanted.map(name => [name, 0]))

const told: Partial<Record<Event, (line: Line) => string>> = {
  partition_overtaken: () => 'settle overtaken by another owner',
  settle_slow: () => 'settling became slow',
  membership_lost: () => 'group membership lost',
  partition_halted: ({ reason }) => `partition halted: ${reason}`,
  trouble_gone: () => 'trouble that a second look did not show',
}

/** Adds what one schedule has seen. @returns the reasons of all halts. */
export function tellRare({ cast, reader }: Stage, tally: Tally): ReadonlySet<string> {
  const halts = new Set<string>()
  const openings: { readonly time: string; readonly partition: number; readonly by: string }[] = []
  for (const member of cast) {
    for (const part of member.lives) {
      for (const line of part.lines()) {
        const name = told[line.event]?.(line)
        if (name !== undefined) add(tally, name)
        if (line.event === 'partition_halted') halts.add(line.reason!)
        if (line.event === 'settle_failing') addFailure(tally, line.why ?? '')
        if (line.event === 'partition_opened') {
          openings.push({ time: line.time, partition: line.partition!, by: part.name })
        }
      }
    }
    for (const answer of member.proxy?.dropped ?? []) {
      add(tally, answer === 'COMMIT' ? 'COMMIT landed, its answer lost' : 'another answer lost')
    }
    add(tally, 'COMMIT lost before it landed', member.commitsLost)
  }
  add(tally, 'partition taken over by another process', takeovers(openings))
  add(tally, 'API answered 503', reader.refusals())
  return halts
}

function addFailure(tally: Tally, why: string): void {
  add(tally, 'settle failed and was repeated')
  const state = /^SQLSTATE (\w{5})/.exec(why)?.[1]
  if (state === '40P01') add(tally, 'deadlock (40P01)')
  else add(tally, state === undefined ? 'settle without an answer' : `settle answered with SQLSTATE ${state}`)
}

function takeovers(
  openings: readonly { readonly time: string; readonly partition: number; readonly by: string }[],
): number {
  const owners = new Map<number, string>()
  let times = 0
  for (const { partition, by } of openings.toSorted((a, b) => a.time.localeCompare(b.time))) {
    const before = owners.get(partition)
    if (before !== undefined && before !== by) times += 1
    owners.set(partition, by)
  }
  return times
}
