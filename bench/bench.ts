/**
 * `npm run bench`: Footfall beside its rivals on a Kafka and a PostgreSQL of its own; see bench/README.md.
 * `--help` lists the flags.
 */
import { contestants, finalists, type LeftOut } from './contestants.ts'
import { type Lab, openLab } from './lab.ts'
import { type Latency, latency } from './latency.ts'
import { keepMeasured, type Occasion, occasion, readMeasured, withStages, withThroughput } from './measured.ts'
import { type Options, type PartName, parseOptions, usage } from './options.ts'
import { preloadTopic } from './preload.ts'
import type { Race } from './race.ts'
import { reads } from './reads.ts'
import { writeResults } from './results.ts'
import { inTurn } from './rounds.ts'
import { shapeOf } from './shapes.ts'
import { type Stages, stages } from './stages.ts'
import { inWords } from './stages-results.ts'
import { compete } from './throughput.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)

const options = understood(process.argv.slice(2))
if (options === 'help') {
  say(usage)
} else {
  if (options.parts.length > 0) await measure(options)
  if (options.write) for (const path of writeResults(readMeasured())) say(`wrote ${path}`)
}

function understood(args: readonly string[]): Options | 'help' {
  try {
    const options = parseOptions(args)
    if (options !== 'help') for (const topic of options.topics) shapeOf(topic, options.events)
    return options
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`)
    process.exit(2)
  }
}

async function measure(options: Options): Promise<void> {
  const when = occasion(options.note)
  say(`${when.machine}; commit ${when.commit}; Kafka and PostgreSQL on the same machine, fsync on`)
  if (when.loadBefore > 0.5) say(`The machine is not quiet: a load of ${when.loadBefore} before anything was started.`)
  const wanted = await contestants(options.contestants)
  for (const { name, why } of wanted.leftOut) say(`left out: ${name} ${why}`)
  const has = (part: PartName) => options.parts.includes(part)
  const lab = await openLab()
  try {
    if (has('throughput') || has('stages')) await measureTopics(lab, options, wanted, when)
    if (has('latency')) await measureLatency(lab, options, wanted, when)
    if (has('reads')) {
      say('reads')
      const measured = await reads(lab, options.rows, options.seconds, options.rounds, say)
      for (const { name, why } of measured.leftOut) say(`  left out: ${name} ${why}`)
      keepMeasured({ reads: { ...measured, occasion: when } })
    }
  } finally {
    await lab.close()
  }
}

type Wanted = Awaited<ReturnType<typeof contestants>>

/** One topic after another, so that only one takes room. */
async function measureTopics(lab: Lab, options: Options, wanted: Wanted, when: Occasion): Promise<void> {
  const races: Race[] = []
  const leftOut = [...wanted.leftOut]
  const alone: Stages[] = []
  for (const name of options.topics) {
    const shape = shapeOf(name, options.events)
    const seconds = await preloadTopic(lab, shape)
    say(`${name}: ${shape.events} events of ${shape.pairs} pairs, preloaded in ${seconds.toFixed(1)} s`)
    if (options.parts.includes('throughput')) {
      const found = wanted.found.filter(one => options.allOn.includes(name) || finalists.includes(one.name))
      const result = await compete(lab, found, shape, options.rounds, say)
      races.push(...result.races)
      leftOut.push(...result.leftOut)
      keepMeasured(withThroughput({ rounds: options.rounds, races, leftOut, occasion: when }))
    }
    if (options.parts.includes('stages')) {
      alone.push(await stages(lab, shape))
      say(`  ${inWords(alone.at(-1)!)}`)
      keepMeasured(withStages({ stages: alone, occasion: when }))
    }
    await lab.deleteTopic(name)
  }
  // A sum that is not exact makes every figure beside it worthless.
  if (races.some(({ contestant, isExact }) => contestant === 'footfall' && !isExact)) process.exitCode = 1
}

async function measureLatency(lab: Lab, options: Options, wanted: Wanted, when: Occasion): Promise<void> {
  const latencies: Latency[] = []
  const leftOut: LeftOut[] = [...wanted.leftOut]
  for (const rate of options.rates) {
    say(`latency at ${rate} events/s`)
    for (let round = 1; round <= options.rounds; round++) {
      for (const contestant of inTurn(wanted.found, round)) {
        try {
          if (contestant.isSlow) throw new Error('counts fewer than the smallest rate, or hardly more')
          const one = await latency(lab, contestant, rate, options.seconds)
          latencies.push(one)
          say(
            `  round ${round} ${one.contestant}: p50 ${one.p50Ms.toFixed(1)} ms, p99 ${one.p99Ms.toFixed(1)} ms, ` +
              `${one.probes} probes, ${one.missing} not seen; Kafka took ${one.ratePerSecond.toFixed(0)} events/s`,
          )
        } catch (error) {
          if (lab.isClosing()) throw error
          leftOut.push({ name: `${contestant.name} at ${rate}/s, round ${round}`, why: (error as Error).message })
          say(`  round ${round} ${contestant.name}: ${(error as Error).message}`)
        }
      }
      keepMeasured({
        latency: { occasion: when, rounds: options.rounds, seconds: options.seconds, latencies, leftOut },
      })
    }
  }
}
