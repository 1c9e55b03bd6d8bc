/** What scrapers and probes see of a running producer. */
import { TopicUnavailable } from '../kafka/topic.ts'
import { type Part, part } from '../runtime/health.ts'
import { beforeEachScrape, producerMetrics as metrics } from '../runtime/metrics.ts'
import type { Count } from './progress.ts'

/** Keeps the metrics at what is known. @returns ends it, after a last look. */
export function reportMetrics(now: () => Count, eventsPerSecond: number): () => void {
  let before: Count | undefined
  const refresh = () => {
    const count = now()
    const { given, skipped, unanswered, trouble, books } = count
    metrics.made.inc(given - (before?.given ?? 0))
    metrics.skipped.inc(skipped - (before?.skipped ?? 0))
    for (const book of ['acknowledged', 'refused', 'perhapsTwice'] as const) {
      metrics[book].inc(books[book] - (before?.books[book] ?? 0))
    }
    metrics.waiting.set(given - books.acknowledged - books.refused)
    metrics.unanswered.set(unanswered)
    metrics.stalled.set(trouble === undefined ? 0 : 1)
    before = count
  }
  metrics.rateAsked.set(eventsPerSecond)
  const scraping = beforeEachScrape(refresh)
  return () => {
    refresh()
    scraping[Symbol.dispose]()
  }
}

/** Before there is a topic to write to. @param error why not; undefined: nobody was asked yet. */
export function waitingParts(error: Error | undefined): Part[] {
  const why = error?.message ?? 'not asked yet'
  const isReached = error instanceof TopicUnavailable
  return [part('kafka', isReached ? undefined : why), part('topic', isReached ? why : 'waits for kafka')]
}

/** While it sends. A producer with nothing to send does not hear of a Kafka that went away. */
export function sendingParts({ trouble }: Pick<Count, 'trouble'>): Part[] {
  return [part('kafka', trouble), part('topic', undefined)]
}
