/** GET /api/live: what happens, as server-sent events, until the reader goes or the API stops. */
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type pg from 'pg'
import { version } from '../../runtime/build.ts'
import type { Log } from '../../runtime/log.ts'
import { apiMetrics, beforeEachScrape } from '../../runtime/metrics.ts'
import { isRefusal, parseQuery } from '../evidence-parameters.ts'
import { createGate } from '../gate.ts'
import type { Limits } from '../limits.ts'
import { sendProblem } from '../problem.ts'
import { createFeed, type Viewer } from './feed.ts'
import { livePath, liveProblems, liveSchema } from './live-document.ts'
import { createPoll } from './poll.ts'

/** What the page may offer. */
export interface Offers {
  readonly tryIt: boolean
  readonly rejects: boolean
}

/** When a browser comes again after a stream has ended. */
const retryMs = 1_000

export function addLive(app: FastifyInstance, pool: pg.Pool, offers: Offers, limits: Limits, log: Log): void {
  const startedAt = new Date().toISOString()
  const { tryIt, rejects } = offers
  const hello = JSON.stringify({ version, api_started_at: startedAt, retry_ms: retryMs, try_it: tryIt, rejects })
  let isStopping = false
  // A look that is under way when the pool is closed has nothing to complain about.
  const say: Log = (event, facts) => void (isStopping || log(event, facts))
  const feed = createFeed({ poll: createPoll(pool, say), hello, pollMs: limits.pollMs })
  const gate = createGate(limits.viewersMax)
  const scraping = beforeEachScrape(() => apiMetrics.viewers.set(feed.viewers()))
  // Else the stop would wait for streams that never end.
  app.addHook('preClose', done => {
    isStopping = true
    scraping[Symbol.dispose]()
    feed.stop()
    done()
  })

  const config = { isStream: true, problems: liveProblems }
  app.get(livePath, { schema: liveSchema, config }, async (request, reply) => {
    const asked = parseQuery(request.url, [])
    if (isRefusal(asked)) return sendProblem(reply, asked.code, asked)
    const leave = isStopping ? undefined : gate.enter()
    if (leave === undefined) {
      const detail = isStopping ? 'This API is stopping.' : 'As many are watching as this API lets watch at a time.'
      return sendProblem(reply, 'overloaded', { detail, retryAfterSeconds: gate.retryAfterSeconds() })
    }
    // Proxies that collect an answer before they pass it on are told not to.
    reply.type('text/event-stream').header('x-accel-buffering', 'no')
    if (request.method === 'HEAD') {
      leave()
      return reply.send(Readable.from([]))
    }
    reply.hijack()
    const { raw } = reply
    raw.writeHead(200, reply.getHeaders() as Record<string, string>)
    raw.write(`retry: ${retryMs}\n\n`)
    const quit = feed.join(viewerOf(raw, limits.viewerBytesMax), lastHeard(request.headers['last-event-id']))
    raw.once('close', () => {
      quit()
      leave()
    })
    return reply
  })
}

const lastHeard = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : undefined

/** @param bytesMax so much may wait for a reader; then it is dropped, and may come again. */
function viewerOf(response: ServerResponse, bytesMax: number): Viewer {
  return {
    tell(bytes) {
      if (response.destroyed || response.writableEnded) return
      // Looked at before the next is added: one event may be larger than the bound.
      if (response.writableLength > bytesMax) {
        apiMetrics.viewersDropped.inc()
        response.destroy()
      } else response.write(bytes)
    },
    end: () => void response.end(),
  }
}
