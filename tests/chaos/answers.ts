/** What must be counted, from what was acknowledged and not lost by an operator's word. Pure. */
import { type Counted, recount, type Sent } from '../support/counting.ts'
import type { Drawn } from './events.ts'

export interface Answers {
  readonly acknowledged: number
  /** Of the events with an id: exactly this. */
  readonly exact: Counted
  /** Of those without: this, and at most `perhapsTwice` more in all. */
  readonly least: Counted
  readonly fates: Fates
  /** Records that Kafka may have taken twice. */
  readonly perhapsTwice: number
  /** Records of which nobody can say whether they are in the log, or that a broker refused. 0, or the run proves nothing. */
  readonly unknown: number
}

export interface Fates {
  readonly counted: number
  readonly duplicate: number
  readonly rejected: number
  readonly skipped: number
}

/** @param copies how many records of an event, by its number, are in the log and not lost. */
export function tell(drawn: readonly Drawn[], copies: Int16Array): Pick<Answers, 'exact' | 'least' | 'fates'> {
  const fates = { counted: 0, duplicate: 0, rejected: 0, skipped: 0 }
  const exact: Sent[] = []
  const least: Sent[] = []
  for (const { number, kind, event } of drawn) {
    const times = copies[number]!
    if (kind === 'bad') fates.rejected += times
    else if (kind === 'null') fates.skipped += times
    else if (times > 0) {
      const hasId = kind === 'with id'
      fates.counted += hasId ? 1 : times
      fates.duplicate += hasId ? times - 1 : 0
      const into = hasId ? exact : least
      into.push(event)
    }
  }
  return { exact: recount(exact), least: recount(least), fates }
}
