/** Answers read by the consumer's fold, with what the loop and the tables do around it. */
import type { Batch } from '../../src/consumer/batch.ts'
import { sumOf } from '../../src/consumer/delta.ts'
import { Fold } from '../../src/consumer/fold.ts'
import { RecordWalk } from '../../src/kafka/records.ts'
import type { Trouble } from '../../src/kafka/trouble.ts'
import { type Kernels, kernelPool } from '../../src/kernel/kernels.ts'
import type { Rules } from '../../src/postgres/rules.ts'
import { type Answer, of } from './answer.ts'
import type { Folded } from './compare.ts'
import { PlainOrigins } from './plain-origins.ts'

/** What a record batch may inflate to. */
export const batchBytesMax = 1 << 27
/** What the tables say around a reject that a repair names; few, so that the fold has to ask again. */
const originsRead = 20

/** What it takes of an answer to read it. */
export type Bytes = Pick<Answer, 'batches' | 'from' | 'aborted'>

export class Folding {
  readonly #fold: Fold
  /** The rejects that were settled. */
  readonly #settled = new PlainOrigins()

  constructor(rules: Rules, idKey: Buffer, kernels: Kernels = kernelPool()) {
    this.#fold = new Fold({ of, nextOffset: 0, clockMs: -1, tail: undefined, ids: [] }, rules, idKey, kernels)
  }

  /** The next offset to fold. */
  get next(): number {
    return this.#fold.next
  }

  close(): void {
    this.#fold.close()
  }

  /** What became of an answer, as one. */
  read(answer: Answer): Folded {
    const { batches } = this.readBatches(answer, () => 100)
    return {
      to: this.#fold.next,
      counted: sum(batches, 'counted'),
      duplicate: sum(batches, 'duplicate'),
      skipped: sum(batches, 'skipped'),
      rejected: sum(batches, 'rejected'),
      delta: sumOf(batches.map(batch => batch.delta)),
      rejects: batches.flatMap(batch => batch.rejects),
      repairs: batches.flatMap(batch => batch.repairs),
    }
  }

  /**
   * As the loop does it: what comes before a repair is settled first, then the fold is told what the tables say.
   * @param slice how many records to fold in one go.
   */
  readBatches(
    answer: Bytes,
    slice: () => number,
  ): { readonly batches: Batch[]; readonly trouble: Trouble | undefined } {
    const walk = new RecordWalk(Buffer.concat(answer.batches), answer.from, answer.aborted, batchBytesMax)
    const batches: Batch[] = []
    const settle = () => {
      const batch = this.#fold.takeBatch()
      if (batch === undefined) return
      batches.push(batch)
      for (const { offset, origin } of batch.rejects) if (origin === undefined) this.#settled.add(offset)
      for (const { origin } of batch.repairs) this.#settled.repair(origin.offset)
    }
    while (this.#fold.take(walk, slice())) {
      const { awaited, next } = this.#fold
      if (awaited === undefined) continue
      settle()
      const { topicId, lineage, offset } = awaited
      const isOfThisLog = topicId === of.topicId && lineage === of.lineage
      const read = isOfThisLog ? this.#settled.from(offset, originsRead) : []
      const end = isOfThisLog ? next : Number.MAX_SAFE_INTEGER
      const to = read.length < originsRead ? end : read.at(-1)![0] + 1
      this.#fold.learn({ topicId, lineage, from: offset, to, repaired: new Map(read) })
    }
    settle()
    return { batches, trouble: walk.trouble }
  }
}

const sum = (batches: readonly Batch[], fate: 'counted' | 'duplicate' | 'skipped' | 'rejected') =>
  batches.reduce((total, batch) => total + batch[fate], 0)
