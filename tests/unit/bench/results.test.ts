import assert from 'node:assert/strict'
import { test } from 'node:test'
import { svgOf } from '../../../bench/chart.ts'
import { latencySection } from '../../../bench/latency-results.ts'
import { parseOptions } from '../../../bench/options.ts'
import type { Race } from '../../../bench/race.ts'
import { inTurn, median } from '../../../bench/rounds.ts'
import type { Stages } from '../../../bench/stages.ts'
import { limitOf, stagesSection } from '../../../bench/stages-results.ts'
import { throughputSection } from '../../../bench/throughput-results.ts'

const occasion = { at: '2026-11-22 10:00', commit: 'abc', machine: 'm', command: 'c', loadBefore: 0, note: '' }

function raced(contestant: string, topic: string, seconds: number, isExact = true): Race {
  const cost = { consumerCpu: 1, postgresCpu: 1, kafkaCpu: 1, peakMegabytes: 100 }
  const secondsAssigned = seconds - 1
  return { contestant, topic, events: 1_000, isExact, sum: 1_000, rows: 10, seconds, secondsAssigned, ...cost }
}

test('the ratio is to the tuned Go on the topic without ids, and of the median round', () => {
  const races = [
    ...[4, 5, 100].map(seconds => raced('footfall', 'hot-ids', seconds)),
    ...[10, 10, 10].map(seconds => raced('tuned-go', 'hot', seconds)),
    ...[2, 2, 2].map(seconds => raced('tuned-go', 'hot-ids', seconds)),
  ]
  const { text } = throughputSection([{ occasion, races, rounds: 3, leftOut: [] }])
  assert.match(text, /\| footfall \| 200 \| 10 to 250 \| 250 \| 2\.00 x \| 5\.0 s \|/)
})

test('a ratio is to a round of the same run: from hour to hour the machine is another', () => {
  const earlier = {
    occasion,
    races: [raced('tuned-go', 'hot', 10), raced('footfall', 'hot', 5)],
    rounds: 1,
    leftOut: [],
  }
  const later = { ...earlier, races: [raced('footfall', 'hot-ids', 5)] }
  const { text, charts } = throughputSection([earlier, later])
  assert.match(text, /### hot\n[^#]*\| 2\.00 x \|/)
  assert.match(text, /### hot-ids\n[^#]*\| footfall \| 200 \| 200 to 200 \| 250 \| {2}\|/)
  assert.equal(charts['throughput.svg']?.groups.length, 2)
})

test('the median of an even number of rounds lies between the middle two', () => {
  assert.equal(median([9, 1, 3, 2]), 2.5)
  assert.equal(median([9, 1, 3]), 3)
})

test('each contestant goes first in one round of as many as there are', () => {
  assert.deepEqual(
    [1, 2, 3, 4].map(round => inTurn(['a', 'b', 'c'], round).join('')),
    ['abc', 'bca', 'cab', 'abc'],
  )
})

test('a round that was not exact is shown as one', () => {
  const races = [raced('footfall', 'hot', 4), raced('footfall', 'hot', 4, false)]
  const { text } = throughputSection([{ occasion, races, rounds: 2, leftOut: [{ name: 'flink', why: 'no Maven' }] }])
  assert.match(text, /\| 1 of 2 \|/)
  assert.match(text, /Left out: flink \(no Maven\)/)
})

test('whoever misses a probe falls behind, however fast the others were', () => {
  const one = { rate: 1_000, ratePerSecond: 1_000, probes: 10, p50Ms: 1, p99Ms: 2, maxMs: 3 }
  const latencies = [
    { ...one, contestant: 'footfall', missing: 0 },
    { ...one, contestant: 'flink', missing: 1 },
  ]
  const { text, charts } = latencySection({ occasion, rounds: 1, seconds: 1, leftOut: [], latencies })
  assert.match(text, /\| footfall \| 1\.0 \| 2\.0 \| 3\.0 \|/)
  assert.match(text, /\| flink \| falls behind \|/)
  assert.ok(Object.values(charts).every(chart => !svgOf(chart).includes('NaN')))
})

const stages: Stages = {
  ...{ topic: 'hot', events: 1, transactions: 1, rowsPerEvent: 0.1, kafka: 1, postgres: 1, postgresAlone: 1 },
  ...{ fetch: 2, check: 1, fold: 2, settle: 1 },
}

test('the limit is set by the busiest: our thread, the session of PostgreSQL, or both cores together', () => {
  assert.deepEqual(limitOf(stages), { perSecond: 1e6 / 6, by: 'one thread of ours' })
  assert.deepEqual(limitOf({ ...stages, postgresAlone: 20 }), { perSecond: 50_000, by: 'one session of PostgreSQL' })
  assert.deepEqual(limitOf({ ...stages, kafka: 5, postgresAlone: 5 }), { perSecond: 125_000, by: 'two cores' })
})

test('what was reached of the limit is the median of the contest on the same topic', () => {
  const races = [raced('footfall', 'hot', 1.01), raced('footfall', 'mid', 5)]
  assert.match(stagesSection([{ occasion, stages: [stages] }], races).text, /\| 60 % \|/) // 1,000 in 0.01 s of 166,667
})

test('a chart shows each bar, and words that would break it are harmless', () => {
  const bars = [
    { label: 'footfall <1>', value: 10, text: '10 & more' },
    { label: 'none', value: 0, text: 'falls behind' },
  ]
  for (const isLogarithmic of [false, true]) {
    const svg = svgOf({ title: 't', note: 'n', groups: [{ label: 'g', bars }], isLogarithmic })
    assert.equal(svg.match(/<rect /g)?.length, 2)
    assert.match(svg, /footfall &lt;1&gt;/)
    assert.match(svg, /10 &amp; more/)
    assert.ok(!svg.includes('NaN') && !svg.includes('Infinity'), svg)
  }
})

test('options that mean nothing are refused by name', () => {
  assert.throws(() => parseOptions(['--rounds', '0']), /--rounds 0: a whole number from 1/)
  assert.throws(() => parseOptions(['--parts', 'speed']), /--parts speed: throughput/)
  const quick = parseOptions(['--quick', '--events', '7'])
  assert.ok(quick !== 'help' && quick.events === 7 && quick.rounds === 1)
})
