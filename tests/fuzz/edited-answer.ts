/**
 * Answers that are edited in place and read again, further on in the log: to draw a record by JSON's grammar takes 20
 * times as long as to fold it, to change some of its bytes next to nothing.
 */
import { inflate } from '../../src/kafka/codec.ts'
import { RecordWalk } from '../../src/kafka/records.ts'
import { headerBytes, seal } from '../support/encode-log.ts'
import type { Answer } from './answer.ts'
import type { Dice } from './dice.ts'
import { type Bytes, batchBytesMax } from './folding.ts'
import type { Made } from './value.ts'

interface EditableBatch {
  readonly bytes: Buffer
  readonly baseOffset: number
  /** Where in it the values stand, from and to. */
  readonly values: readonly (readonly [number, number])[]
}

export interface Editable {
  readonly from: number
  readonly to: number
  readonly aborted: Answer['aborted']
  readonly batches: readonly EditableBatch[]
}

/** An answer with nothing compressed, so that its values can be reached. */
export function editable({ from, to, aborted, batches }: Answer): Editable {
  return { from, to, aborted, batches: batches.map(inflated) }
}

/**
 * The same answer further on, at `at`, its times `laterMs` later, with some of its values edited.
 * @param made hears how often each edit was made.
 */
export function editedAnswer(
  dice: Dice,
  { from, aborted, batches }: Editable,
  at: number,
  laterMs: number,
  made: Made,
) {
  const moved = at - from
  const edited: Bytes = {
    from: at,
    aborted: aborted.map(one => ({ ...one, firstOffset: one.firstOffset + BigInt(moved) })),
    batches: batches.map(batch => editedBatch(dice, batch, moved, laterMs, made)),
  }
  return edited
}

const [baseMsAt, maxMsAt] = [27, 35]
const codecBits = 0x07

function inflated(batch: Buffer): EditableBatch {
  const attributes = batch.readInt16BE(21)
  const records = inflate(attributes & codecBits, batch.subarray(headerBytes), batchBytesMax)
  const bytes = Buffer.concat([batch.subarray(0, headerBytes), records])
  bytes.writeInt16BE(attributes & ~codecBits, 21)
  seal(bytes)
  const baseOffset = Number(bytes.readBigInt64BE(0))
  const values: [number, number][] = []
  const walk = new RecordWalk(bytes, baseOffset, [], batchBytesMax)
  while (walk.next()) {
    if (walk.skipped > 0 || walk.valueEnd <= walk.valueStart) continue
    values.push([headerBytes + walk.valueStart, headerBytes + walk.valueEnd])
  }
  return { bytes, baseOffset, values }
}

function editedBatch(
  dice: Dice,
  { bytes, baseOffset, values }: EditableBatch,
  moved: number,
  laterMs: number,
  made: Made,
) {
  const batch = Buffer.from(bytes)
  batch.writeBigInt64BE(BigInt(baseOffset + moved), 0)
  for (const at of [baseMsAt, maxMsAt]) {
    const ms = batch.readBigInt64BE(at)
    if (ms > 0n && ms < 1n << 52n) batch.writeBigInt64BE(ms + BigInt(laterMs), at)
  }
  for (const [from, to] of values) {
    // Most values are edited where one good one becomes another; every tenth in any way.
    if (dice.once(2)) change(dice, alike, batch, from, to, made)
    if (dice.once(10)) change(dice, others, batch, from, to, made)
  }
  if (dice.once(300)) {
    batch[headerBytes + dice.below(batch.length - headerBytes)] = dice.below(256)
    note(made, 'a byte of the batch')
  }
  return seal(batch)
}

type Edit = (dice: Dice, batch: Buffer, from: number, to: number) => void

/** A digit for a digit, a letter in the other case: what it was, it may still be. */
const alike: Readonly<Record<string, Edit>> = {
  'a digit for a digit': (dice, batch, from, to) => {
    const at = digitFrom(batch, from + dice.below(to - from), to)
    if (at < to) batch[at] = 0x30 + dice.below(10)
  },
  'the last digits': (dice, batch, from, to) => {
    // Where most have their event id, if they have one: a few thousand different ones in place of a few.
    for (let at = to - 6; at < to; at++) if (at >= from && isDigit(batch[at]!)) batch[at] = 0x30 + dice.below(10)
  },
  'a hex digit in the other case': (dice, batch, from, to) => {
    const at = from + dice.below(to - from)
    if (/[a-f]/i.test(String.fromCharCode(batch[at]!))) batch[at]! ^= 0x20
  },
}

const signs = Buffer.from('0129abfAFgG-:.,+TtZz"\\{}[] \t\n\r_~!\x00\x1f\x7f\x80\xc3\xff', 'latin1')

const others: Readonly<Record<string, Edit>> = {
  'a sign': (dice, batch, from, to) => {
    batch[from + dice.below(to - from)] = signs[dice.below(signs.length)]!
  },
  'any byte': (dice, batch, from, to) => {
    batch[from + dice.below(to - from)] = dice.below(256)
  },
  'a bit': (dice, batch, from, to) => {
    batch[from + dice.below(to - from)]! ^= 1 << dice.below(8)
  },
  'two bytes change places': (dice, batch, from, to) => {
    const [one, other] = [from + dice.below(to - from), from + dice.below(to - from)]
    ;[batch[one], batch[other]] = [batch[other]!, batch[one]!]
  },
  'a part moves up': (dice, batch, from, to) => {
    const at = from + dice.below(to - from)
    batch.copyWithin(at, Math.min(to, at + 1 + dice.below(3)), to)
  },
  'a part stands twice': (dice, batch, from, to) => {
    const length = Math.min(1 + dice.below(40), to - from)
    const source = from + dice.below(to - from - length + 1)
    batch.copyWithin(from + dice.below(to - from - length + 1), source, source + length)
  },
}

export const editNames: readonly string[] = [...Object.keys(alike), ...Object.keys(others), 'a byte of the batch']
const [alikeNames, otherNames] = [Object.keys(alike), Object.keys(others)]

function change(
  dice: Dice,
  edits: Readonly<Record<string, Edit>>,
  batch: Buffer,
  from: number,
  to: number,
  made: Made,
): void {
  const name = dice.pick(edits === alike ? alikeNames : otherNames)
  edits[name]!(dice, batch, from, to)
  note(made, name)
}

const note = (made: Made, name: string) => void made.set(name, (made.get(name) ?? 0) + 1)

const isDigit = (code: number) => code >= 0x30 && code <= 0x39

function digitFrom(batch: Buffer, from: number, to: number): number {
  let at = from
  while (at < to && !isDigit(batch[at]!)) at += 1
  return at
}
