/** The lineages with what a proof needs besides the books: a place in files, and how far an earlier one came. */
import type { Client } from 'pg'
import type { Lineage as Booked } from '../books/ledger.ts'
import { keyText } from '../recount/record-place.ts'
import { type Checkpoint, readCheckpoints } from './checkpoint.ts'

export interface Lineage extends Booked {
  /** Its place among all: what buckets and messages name it by. */
  readonly index: number
  readonly checkpoint: Checkpoint | undefined
}

export async function withCheckpoints(client: Client, lineages: readonly Booked[]): Promise<Lineage[]> {
  const checkpoints = await readCheckpoints(client)
  return lineages.map((lineage, index) => ({ ...lineage, index, checkpoint: checkpoints.get(keyText(lineage)) }))
}
