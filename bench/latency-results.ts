/** How latency is shown. */
import type { Latency } from './latency.ts'
import { by, grouped, leftOutList, type Section, table } from './markdown.ts'
import type { Measured } from './measured.ts'
import { median } from './rounds.ts'

export function latencySection({ latencies, rounds, seconds, leftOut }: NonNullable<Measured['latency']>): Section {
  const rates = by(latencies, one => String(one.rate))
  const rows = rates.flatMap(([rate, ofRate]) =>
    by(ofRate, one => one.contestant).map(([contestant, own]) => [
      `${grouped(Number(rate))}/s`,
      contestant,
      ...(keptUp(own)
        ? [own.map(one => one.p50Ms), own.map(one => one.p99Ms), own.map(one => one.maxMs)].map(ms)
        : ['falls behind', '', '']),
      grouped(median(own.map(one => one.ratePerSecond))),
      grouped(own.reduce((sum, one) => sum + one.probes, 0)),
    ]),
  )
  const head = ['rate', 'contestant', 'p50 ms', 'p99 ms', 'max ms', 'Kafka took per second', 'probes']
  const text = `## Latency

From handing an event to a Kafka client until another connection reads its row, under a steady load over 10,000 pairs: medians; rounds: ${rounds}, of ${seconds} s each. The table is looked at every 2 ms.

![Latency](charts/latency.svg)

${table(head, rows)}${leftOutList(leftOut)}`
  const groups = rates.map(([rate, ofRate]) => ({
    label: `${grouped(Number(rate))} events/s`,
    bars: by(ofRate, one => one.contestant).map(([label, own]) => {
      if (!keptUp(own)) return { label, value: 0, text: 'falls behind' }
      const value = median(own.map(one => one.p99Ms))
      return { label, value, text: `${value.toFixed(1)} ms` }
    }),
  }))
  const note = 'p99, logarithmic. Less is better'
  const chart = { title: 'From produced to visible', note, groups, isLogarithmic: true }
  return { text, charts: { 'latency.svg': chart } }
}

const ms = (values: readonly number[]): string => median(values).toFixed(1)

const keptUp = (own: readonly Latency[]): boolean => own.every(one => one.missing === 0 && Number.isFinite(one.p99Ms))
