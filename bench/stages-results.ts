/** What each stage costs, the limit that follows, and how much of it was reached. */
import { circumstances, grouped, type Section, table } from './markdown.ts'
import type { Run } from './measured.ts'
import type { Race } from './race.ts'
import { median } from './rounds.ts'
import type { Stages } from './stages.ts'

const cores = 2
const own = ['fetch', 'check', 'fold', 'settle'] as const

export interface Limit {
  readonly perSecond: number
  /** What stands in the way. */
  readonly by: string
}

/** No arrangement of these stages on two cores is faster, with one thread of our own and one session of PostgreSQL. */
export function limitOf(stages: Stages): Limit {
  const consumer = own.reduce((sum, stage) => sum + stages[stage], 0)
  const limits = [
    { perSecond: (cores * 1e6) / (consumer + stages.postgresAlone + stages.kafka), by: 'two cores' },
    { perSecond: 1e6 / consumer, by: 'one thread of ours' },
    { perSecond: 1e6 / stages.postgresAlone, by: 'one session of PostgreSQL' },
  ]
  return limits.reduce((least, limit) => (limit.perSecond < least.perSecond ? limit : least))
}

/** For the terminal. */
export function inWords(stages: Stages): string {
  const limit = limitOf(stages)
  const costs = own.map(stage => `${stage} ${stages[stage].toFixed(2)}`).join(', ')
  return (
    `CPU µs per event: ${costs}, PostgreSQL ${stages.postgresAlone.toFixed(2)}, Kafka ${stages.kafka.toFixed(2)}; ` +
    `the limit is ${grouped(limit.perSecond)} events/s, by ${limit.by}`
  )
}

export function stagesSection(
  runs: readonly Run<{ readonly stages: readonly Stages[] }>[],
  races: readonly Race[],
): Section {
  const head = [
    'topic',
    ...own,
    'PostgreSQL',
    'alone',
    'Kafka',
    'rows per event',
    'limit, events/s',
    'set by',
    'reached',
  ]
  const rowOf = (stages: Stages): string[] => {
    const limit = limitOf(stages)
    const reached = reachedBy(races, stages.topic)
    return [
      stages.topic,
      ...own.map(stage => stages[stage].toFixed(2)),
      stages.postgres.toFixed(2),
      stages.postgresAlone.toFixed(2),
      stages.kafka.toFixed(2),
      stages.rowsPerEvent.toFixed(3),
      grouped(limit.perSecond),
      limit.by,
      reached === undefined ? '' : `${((100 * reached) / limit.perSecond).toFixed(0)} %`,
    ]
  }
  const all = runs.flatMap(({ stages }) => stages)
  const tables = runs.map(({ stages, occasion }) => `${table(head, stages.map(rowOf))}\n\n${circumstances(occasion)}`)
  const text = `## Each stage alone

Microseconds of processor time per event, each stage by itself on the first ${grouped(all[0]?.events ?? 0)} events of the topic, in transactions as large as behind a backlog. "PostgreSQL" is its part of the settles, "alone" the same statements said again to another database by a client that does nothing else. The limit is the least of what two cores, one thread of ours and one session of PostgreSQL allow; "reached" is the median of the contest, after start-up.

![Stages](charts/stages.svg)

${tables.join('\n\n')}`
  const groups = all.map(stages => ({
    label: stages.topic,
    bars: [...own, 'postgresAlone' as const, 'kafka' as const].map(stage => ({
      label: stage === 'postgresAlone' ? 'PostgreSQL' : stage === 'kafka' ? 'Kafka' : `footfall: ${stage}`,
      value: stages[stage],
      text: `${stages[stage].toFixed(2)} µs`,
    })),
  }))
  const chart = { title: 'What an event costs, stage by stage', note: 'Processor time. Less is better', groups }
  return { text, charts: { 'stages.svg': chart } }
}

function reachedBy(races: readonly Race[], topic: string): number | undefined {
  const ours = races.filter(race => race.topic === topic && race.contestant === 'footfall')
  return ours.length === 0 ? undefined : median(ours.map(race => race.events / race.secondsAssigned))
}
