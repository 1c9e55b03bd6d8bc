/** How a person sees that events flow: a line that renews itself on a terminal, else a log line now and then. */
import type { WriterBooks } from '../kafka/writer.ts'
import type { Log } from '../runtime/log.ts'

/** What is known at one moment. */
export interface Count {
  /** Handed to the writer. */
  readonly given: number
  readonly books: WriterBooks
  /** Sent, and no answer yet: in the log or not. */
  readonly unanswered: number
  /** Never made, because Kafka or this machine could not keep up. */
  readonly skipped: number
  readonly trouble: string | undefined
}

const logEveryMs = 10_000
const drawEveryMs = 500

/**
 * Reports until stopped.
 * @param screen the terminal to draw on; undefined: there is none, so log.
 * @returns stops it and clears the line.
 */
export function reportProgress(now: () => Count, log: Log, screen: NodeJS.WriteStream | undefined): () => void {
  let previous = now()
  let previousMs = performance.now()
  let skipping = false
  const timer = setInterval(
    () => {
      const count = now()
      const timeMs = performance.now()
      const perSecond = ((count.books.acknowledged - previous.books.acknowledged) * 1_000) / (timeMs - previousMs)
      if (screen === undefined) {
        logLine(log, count, previous, perSecond)
        const skipped = count.skipped - previous.skipped
        if (skipped > 0 && !skipping) log('rate_missed', { skipped, seconds: logEveryMs / 1_000 })
        if (skipped === 0 && skipping) log('rate_held')
        skipping = skipped > 0
      } else screen.write(`\u001b[K${line(count, perSecond)}\r`) // the cursor at its start: a log line replaces it
      previous = count
      previousMs = timeMs
    },
    screen === undefined ? logEveryMs : drawEveryMs,
  )
  return () => {
    clearInterval(timer)
    screen?.write('\u001b[K')
  }
}

function logLine(log: Log, count: Count, previous: Count, perSecond: number): void {
  if (count.given === previous.given && count.books.acknowledged === previous.books.acknowledged) return
  const { acknowledged } = count.books
  const facts = { acknowledged, waiting: count.given - acknowledged, perSecond: Math.round(perSecond * 10) / 10 }
  log('producer_progress', facts)
}

function line(count: Count, perSecond: number): string {
  const { acknowledged } = count.books
  const waiting = count.given - acknowledged
  const rate = perSecond.toLocaleString('en', { maximumFractionDigits: 1 })
  const trouble = count.trouble === undefined ? '' : `, waiting for Kafka: ${count.trouble}`
  const skipped = count.skipped === 0 ? '' : `, ${count.skipped.toLocaleString('en')} skipped`
  return `${acknowledged.toLocaleString('en')} events sent, ${rate}/s, ${waiting} on their way${skipped}${trouble}`
}
