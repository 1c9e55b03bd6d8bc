/** `partitions`, as a person runs it: its own process where that matters, else in this one, which takes less time. */
import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'
import { parseConfig } from '../../src/runtime/config.ts'
import { type HaltReport, readPartitions } from '../../src/upkeep/partitions/partitions.ts'
import { parseRequest } from '../../src/upkeep/partitions/request.ts'
import { resume, type Step } from '../../src/upkeep/partitions/resume.ts'
import type { Place } from './counting.ts'
import { type Lifetime, settingsFor, sharedKafka } from './environment.ts'
import { type Ran, run } from './tool.ts'

/** Runs `./footfall partitions` with these words and flags to its end. */
export function runPartitions(test: Lifetime, place: Place, ...args: readonly string[]): Promise<Ran> {
  return run(test, 'partitions', settingsOf(place), args)
}

/** Ends halts in a process of its own, without asking. */
export async function resumed(test: Lifetime, place: Place, ...args: readonly string[]): Promise<readonly Step[]> {
  const { code, said } = await runPartitions(test, place, 'resume', ...args, '--yes', '--json')
  assert.equal(code, 0, said)
  return JSON.parse(said) as Step[]
}

/** Does what a command says, such as `./footfall partitions resume 3 --accept-loss 30-60`, without asking. */
export async function carryOut(place: Place, command: string): Promise<readonly Step[]> {
  const args = command.split(' ').slice(2)
  const options = { 'accept-loss': { type: 'string' }, 'new-lineage': { type: 'boolean' } } as const
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
  const request = parseRequest(positionals, values)
  assert.ok(typeof request === 'object', `${command}: ${request}`)
  const resumed = await resume(parseConfig(settingsOf(place)), request, async () => true)
  assert.ok(resumed?.isDone, JSON.stringify(resumed))
  return resumed.steps
}

/** The halts and their ways out, by partition. */
export async function halts(place: Place): Promise<ReadonlyMap<number, HaltReport>> {
  const { partitions } = await readPartitions(parseConfig(settingsOf(place)))
  return new Map(partitions.flatMap(({ partition, halt }) => (halt === null ? [] : [[partition, halt]])))
}

function settingsOf({ topic, database, kafka = sharedKafka(), settings = {} }: Place): Record<string, string> {
  return { ...settingsFor(kafka, database, topic), ...settings }
}
