/** Three judges that share no code but the schema: the consumer's, the recount's, and the slow one of the tests. */
import { dayText } from '../../src/event/day.ts'
import { judge } from '../../src/event/judge.ts'
import { verdictOf } from '../../src/evidence/recount/verdict.ts'
import { type PlainVerdict, plainJudge } from '../support/plain-judge.ts'
import { limits } from './answer.ts'

/** What a value is said to be, in words that can be compared: `rejected REASON POINTER` or `valid DATE USER ...`. */
export interface Said {
  readonly consumer: string
  readonly recount: string
  readonly plain: string
}

export type Plain = typeof plainJudge

export const agree = ({ consumer, recount, plain }: Said): boolean => consumer === recount && recount === plain

/** @param plain another one in a test that plants a fault. */
export function saidOf(value: Buffer, appendMs: number, plain: Plain = plainJudge): Said {
  return {
    consumer: words(() => {
      const verdict = judge(value, 0, value.length, appendMs, limits)
      if ('reason' in verdict) return verdict
      return { ...verdict, date: dayText(verdict.day) }
    }),
    recount: words(() => {
      const verdict = verdictOf(value, appendMs, limits)
      if ('reason' in verdict) return verdict
      const { user, item, day, activity, eventId } = verdict
      return { userId: user, itemId: item, activity, date: dayText(day), eventId }
    }),
    plain: words(() => plain(value, appendMs, limits)),
  }
}

function words(verdict: () => PlainVerdict): string {
  try {
    const said = verdict()
    if ('reason' in said) return `rejected ${said.reason} ${said.pointer}`
    return `valid ${said.date} ${said.userId} ${said.itemId} ${said.activity} ${said.eventId ?? ''}`
  } catch (error) {
    return `threw ${error}`
  }
}

/** Leaves out as much of a value as can be while the judges still disagree: between commas, then halves, then less. */
export function shrunk(value: Buffer, disagree: (value: Buffer) => boolean): Buffer {
  let small = value
  const leaveOut = (from: number, to: number) => {
    const shorter = Buffer.concat([small.subarray(0, from), small.subarray(to)])
    const isOne = disagree(shorter)
    if (isOne) small = shorter
    return isOne
  }
  for (let at = 0, next = 0; at >= 0; ) {
    next = small.indexOf(',', at + 1)
    if (next < 0 || !leaveOut(at, next)) at = next
  }
  let tries = 5_000
  for (let length = Math.ceil(small.length / 2); length > 0; length = Math.floor(length / 2)) {
    for (let at = 0; at < small.length && tries > 0; tries--) {
      if (!leaveOut(at, at + length)) at += Math.max(1, length >> 2)
    }
  }
  return small
}

/** Bytes for a terminal: ASCII as it is, the rest as \xNN. */
export function escaped(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[\\\x7f-\xff]|[^ -~]/g, sign => `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
