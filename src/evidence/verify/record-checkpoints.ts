/** Writes checkpoints: the recount's word, and only where all of a lineage is proven and nothing differs anywhere. */
import { connectWriter } from '../../postgres/connect.ts'
import type { Spill } from '../recount/spill.ts'
import { type NewCheckpoint, recordCheckpoint } from './checkpoint.ts'
import type { Proof, Proved } from './prove-lineage.ts'
import type { Report } from './report.ts'
import { readSegments } from './segment-file.ts'

/** @returns what became of it; a verify without the right to write says so and is as good a proof. */
export async function recordCheckpoints(proof: Proof, proved: readonly Proved[]): Promise<Report['checkpoint']> {
  const { config, scope, differences, windows } = proof
  if (!scope.isOfRows || !scope.isOfPartitions)
    return { recorded: false, why: 'only a verify of everything records one' }
  if (differences.total > 0) return { recorded: false, why: 'there are differences' }
  const whole = proved.flatMap(one => checkpointOf(one, windows) ?? [])
  if (whole.length === 0) return { recorded: false, why: 'no partition is proven as a whole' }
  const client = await connectWriter(config, 'footfall verify')
  try {
    for (const one of whole) {
      const why = await recordCheckpoint(client, one)
      if (why !== undefined) return { recorded: false, why }
    }
    return { recorded: true, why: null }
  } finally {
    await client.end()
  }
}

function checkpointOf(one: Proved, windows: Spill): NewCheckpoint | undefined {
  const { plan, fates, clockMs, rejectsDigest, days, unproven } = one
  const { topicId, partition, lineage, nextOffset, startOffset, index } = plan.lineage
  if (fates === undefined || unproven.length > 0 || nextOffset === startOffset) return undefined
  const segments = readSegments(windows, index)
  return { topicId, partition, lineage, nextOffset, fates, clockMs, rejectsDigest, days, segments }
}
