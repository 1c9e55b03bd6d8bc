/** `./footfall partitions` as a person runs it. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { HaltReport, PartitionReport } from '../../src/upkeep/partitions.ts'
import type { Step } from '../../src/upkeep/partitions-resume.ts'
import type { Place } from './counting.ts'
import { settingsFor, sharedKafka } from './environment.ts'
import { type Ran, run } from './tool.ts'

/** Runs `partitions` with these words and flags to its end. */
export function partitions(test: TestContext, place: Place, ...args: readonly string[]): Promise<Ran> {
  const { topic, database, kafka = sharedKafka(), settings = {} } = place
  return run(test, 'partitions', { ...settingsFor(kafka, database, topic), ...settings }, args)
}

/** Ends halts without asking. @returns what was done, by partition. */
export async function resumed(test: TestContext, place: Place, ...args: readonly string[]): Promise<readonly Step[]> {
  const { code, said } = await partitions(test, place, 'resume', ...args, '--yes', '--json')
  assert.equal(code, 0, said)
  return JSON.parse(said) as Step[]
}

/** The halts and their ways out, by partition. */
export async function halts(test: TestContext, place: Place): Promise<ReadonlyMap<number, HaltReport>> {
  const { said } = await partitions(test, place, '--json')
  const report = JSON.parse(said) as { partitions: readonly PartitionReport[] }
  return new Map(report.partitions.flatMap(({ partition, halt }) => (halt === null ? [] : [[partition, halt]])))
}

/** The words of a command after `./footfall partitions resume`. */
export const wordsOf = (command: string): string[] => command.split(' ').slice(3)
