/** Who works off a backlog how fast: contestants take turns on the same topic, each into a database of its own. */
import type { Contestant, LeftOut } from './contestants.ts'
import type { Lab } from './lab.ts'
import { preloadTopic } from './preload.ts'
import { type Race, race } from './race.ts'
import { inTurn } from './rounds.ts'
import { type Shape, smallShape } from './shapes.ts'

export interface Throughput {
  readonly rounds: number
  readonly races: readonly Race[]
  readonly leftOut: readonly LeftOut[]
}

/** What the slow get. */
const smallEvents = 30_000

/** Lets each contestant work off a topic that is filled already, so many times. */
export async function compete(
  lab: Lab,
  found: readonly Contestant[],
  shape: Shape,
  rounds: number,
  say: (line: string) => void,
): Promise<Omit<Throughput, 'rounds'>> {
  const races: Race[] = []
  const leftOut: LeftOut[] = []
  const small = smallShape(shape, smallEvents)
  const hasSmall = found.some(({ isSlow }) => isSlow)
  if (hasSmall) await preloadTopic(lab, small)
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of inTurn(found, round)) {
      const unable = shape.codec === 'lz4' ? contestant.withoutLz4 : undefined
      try {
        if (unable !== undefined) throw new Error(unable)
        // A name of its own: a consumer that was killed is a member of its group for a while.
        const database = `race_${shape.name}_${contestant.name}_${round}`.replaceAll('-', '_')
        const one = await race(lab, contestant, contestant.isSlow ? small : shape, database)
        races.push({ ...one, topic: shape.name })
        say(`  round ${round} ${inWords(one)}`)
      } catch (error) {
        if (lab.isClosing()) throw error
        const name = `${contestant.name} on ${shape.name}`
        leftOut.push({ name: `${name}, round ${round}`, why: (error as Error).message })
        say(`  round ${round} ${name}: ${(error as Error).message}`)
      }
    }
  }
  if (hasSmall) await lab.deleteTopic(small.name)
  return { races, leftOut }
}

function inWords(one: Race): string {
  const perMillion = (seconds: number) => ((seconds * 1e6) / one.events).toFixed(2)
  return (
    `${one.contestant}: ${(one.events / one.seconds).toFixed(0)} events/s, caught up in ${one.seconds.toFixed(2)} s; ` +
    `CPU s per million: ${perMillion(one.consumerCpu)}, PostgreSQL ${perMillion(one.postgresCpu)}, ` +
    `Kafka ${perMillion(one.kafkaCpu)}; ${one.peakMegabytes} MB` +
    (one.isExact ? '' : `; WRONG: a sum of ${one.sum} in ${one.rows} rows`)
  )
}
