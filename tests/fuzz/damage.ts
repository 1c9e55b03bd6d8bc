/** Bytes of one record batch changed under a right checksum: what a faulty client or broker may have written. */
import { seal } from '../support/encode-log.ts'
import type { Answer } from './answer.ts'
import type { Dice } from './dice.ts'

export interface Damaged {
  readonly answer: Answer
  /** The first offset of the batch that was changed. */
  readonly from: number
}

export function damaged(dice: Dice, answer: Answer): Damaged {
  const at = dice.below(answer.batches.length)
  const batch = Buffer.from(answer.batches[at]!)
  const from = Number(batch.readBigInt64BE(0))
  for (let edits = 1 + dice.below(6); edits > 0; edits--) {
    const byte = dice.once(2) ? dice.below(256) : dice.pick([0, 0x7f, 0x80, 0xff])
    batch[changeableFrom + dice.below(batch.length - changeableFrom)] = byte
  }
  return { answer: { ...answer, batches: answer.batches.with(at, seal(batch)) }, from }
}

/** What comes before it, base offset, length, epoch and format, the checksum does not cover. */
const changeableFrom = 21
