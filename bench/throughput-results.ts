/** How the contest is shown. */
import { by, circumstances, grouped, leftOutList, type Section, table } from './markdown.ts'
import type { Run } from './measured.ts'
import type { Race } from './race.ts'
import { median } from './rounds.ts'
import type { Throughput } from './throughput.ts'

export function throughputSection(runs: readonly Run<Throughput>[]): Section {
  const text = `## Throughput

Medians. From the start of the consumer's process to its last commit; "after start-up" counts from the moment it had its partitions. CPU seconds are of whole processes, start-up included, per million events. In a topic \`-ids\` every event has an id, by which Footfall, and nobody else, finds duplicates; there the ratio is to the tuned Go on the topic without ids. A round is exact when the table's sum and rows are those of the topic.

![Throughput](charts/throughput.svg)

${runs.map(runText).join('\n\n')}`
  const topics = by(
    runs.flatMap(({ races }) => races),
    race => race.topic,
  )
  const groups = topics.map(([topic, ofTopic]) => ({
    label: `${topic}: ${grouped(ofTopic[0]!.events)} events`,
    bars: by(ofTopic, race => race.contestant).map(([label, own]) => {
      const value = median(own.map(perSecond))
      return { label, value, text: grouped(value) }
    }),
  }))
  return {
    text,
    charts: { 'throughput.svg': { title: 'Events counted per second', note: 'More is better', groups } },
  }
}

function runText({ races, rounds, leftOut, occasion }: Run<Throughput>): string {
  const tables = by(races, race => race.topic).map(
    ([topic, ofTopic]) => `### ${topic}\n\n${topicTable(ofTopic, rate(races, plain(topic), 'tuned-go'))}`,
  )
  return `${tables.join('\n\n')}${leftOutList(leftOut)}\n\nRounds: ${rounds}. ${circumstances(occasion)}`
}

function topicTable(races: readonly Race[], go: number | undefined): string {
  const head = ['contestant', 'events/s', 'least to most', 'after start-up', 'of tuned Go', 'caught up in', 'CPU s/M']
  return table(
    [...head, 'PostgreSQL', 'Kafka', 'peak MB', 'exact'],
    by(races, race => race.contestant).map(([contestant, own]) => {
      const rates = own.map(perSecond)
      const of = (pick: (race: Race) => number) => median(own.map(pick))
      const cpu = (pick: (race: Race) => number) => of(race => (pick(race) * 1e6) / race.events).toFixed(2)
      return [
        contestant,
        grouped(median(rates)),
        `${grouped(Math.min(...rates))} to ${grouped(Math.max(...rates))}`,
        grouped(of(race => race.events / race.secondsAssigned)),
        go === undefined ? '' : `${(median(rates) / go).toFixed(2)} x`,
        `${of(race => race.seconds).toFixed(1)} s`,
        cpu(race => race.consumerCpu),
        cpu(race => race.postgresCpu),
        cpu(race => race.kafkaCpu),
        grouped(of(race => race.peakMegabytes)),
        `${own.filter(race => race.isExact).length} of ${own.length}`,
      ]
    }),
  )
}

const perSecond = (race: Race): number => race.events / race.seconds

const plain = (topic: string): string => topic.replace('-ids', '')

/** The median, or undefined when it did not run. */
function rate(races: readonly Race[], topic: string, contestant: string): number | undefined {
  const own = races.filter(race => race.topic === topic && race.contestant === contestant)
  return own.length === 0 ? undefined : median(own.map(perSecond))
}
