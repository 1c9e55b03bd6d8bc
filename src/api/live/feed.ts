/**
 * Everybody who watches, and the one poll for all of them: about once a second while somebody does, never while nobody does. An
 * event is made once and its bytes go to all.
 */
import { randomBytes } from 'node:crypto'
import { createBacklog } from './backlog.ts'
import type { News, Poll } from './poll.ts'

export interface Viewer {
  tell(bytes: Buffer): void
  end(): void
}

export interface Feed {
  /** @param lastEventId what the viewer heard last, if it was there before. @returns what to call when it has gone. */
  join(viewer: Viewer, lastEventId: string | undefined): () => void
  viewers(): number
  /** Ends every stream. Nobody may join after it. */
  stop(): void
}

export interface FeedOptions {
  readonly poll: Poll
  /** The first event of a stream that begins anew, as JSON. */
  readonly hello: string
  /** From the beginning of one look to that of the next. */
  readonly pollMs: number
}

/** A newcomer is shown a look that is no older at once. */
const freshMs = 2_000
/** So long nothing may be heard of a stream that lives: proxies cut what is silent. */
const silentMs = 5_000

export function createFeed({ poll, hello, pollMs }: FeedOptions): Feed {
  const backlog = createBacklog(randomBytes(4).toString('hex'))
  const viewers = new Set<Viewer>()
  /** They have heard hello and wait for a look. */
  const newcomers = new Set<Viewer>()
  /** What a newcomer is told, made once for all who come between two looks. */
  let whole: Buffer | undefined
  let lookedMs = Number.NEGATIVE_INFINITY
  let toldMs = performance.now()
  let isLooking = false
  let isStopped = false
  let next: NodeJS.Timeout | undefined
  let beats: NodeJS.Timeout | undefined

  const publish = (news: readonly News[]) => {
    if (news.length === 0) return
    toldMs = performance.now()
    const bytes = Buffer.concat(news.map(({ name, text }) => backlog.add(name, text, toldMs)))
    for (const viewer of viewers) viewer.tell(bytes)
  }

  /**
   * Only the last event of these has an id: a stream that is cut before it begins anew, where an earlier id would have it
   * go on without the rest.
   */
  const welcome = (viewer: Viewer) => {
    if (whole === undefined) {
      const known = poll.whole()
      whole = Buffer.concat(known.map(({ name, text }, i) => backlog.beside(name, text, i === known.length - 1)))
    }
    viewer.tell(whole)
    viewers.add(viewer)
  }

  const look = async () => {
    if (isLooking || isStopped) return
    isLooking = true
    const startedMs = performance.now()
    const news = await poll.ask()
    isLooking = false
    if (isStopped) return
    lookedMs = performance.now()
    whole = undefined
    publish(news)
    for (const viewer of newcomers) welcome(viewer)
    newcomers.clear()
    if (viewers.size > 0) next = setTimeout(look, Math.max(0, pollMs - (lookedMs - startedMs)))
  }

  const beat = () => {
    if (performance.now() - toldMs < silentMs) return
    publish([{ name: 'beat', text: JSON.stringify({ at: new Date().toISOString() }) }])
    whole = undefined
  }

  const rest = () => {
    clearTimeout(next)
    clearInterval(beats)
    beats = undefined
  }

  return {
    join(viewer, lastEventId) {
      const missed = backlog.since(lastEventId, performance.now())
      if (missed !== undefined) {
        viewer.tell(missed)
        viewers.add(viewer)
      } else {
        viewer.tell(backlog.beside('hello', hello, false))
        if (performance.now() - lookedMs < freshMs) welcome(viewer)
        else newcomers.add(viewer)
      }
      if (beats === undefined) {
        beats = setInterval(beat, 1_000)
        void look()
      }
      return () => {
        viewers.delete(viewer)
        newcomers.delete(viewer)
        if (viewers.size + newcomers.size === 0) rest()
      }
    },
    viewers: () => viewers.size + newcomers.size,
    stop() {
      isStopped = true
      rest()
      for (const viewer of [...viewers, ...newcomers]) viewer.end()
    },
  }
}
