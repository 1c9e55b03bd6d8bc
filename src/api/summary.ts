/** GET /api/user-activity-summary/{user_id}: from the request to the answer. */
import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type pg from 'pg'
import { isUuid } from '../event/validate.ts'
import { answerCounts, type Counts, type Source, type Wishes } from './answer.ts'
import { awaitCounted } from './await-counted.ts'
import type { WholeList } from './counts.ts'
import { createFreshness, type Freshness } from './freshness.ts'
import { createGate, type Gate } from './gate.ts'
import { inTime } from './in-time.ts'
import type { Limits } from './limits.ts'
import { type Asked, parseParameters } from './parameters.ts'
import { sendProblem } from './problem.ts'
import type { Rounds } from './rounds.ts'
import { notUuid, overloaded, summaryPath, summaryProblems, summarySchema, tooSlow } from './summary-document.ts'

/** @param wholeLists see `Source`. */
export function addSummary(app: FastifyInstance, pool: pg.Pool, wholeLists: Rounds<WholeList>, limits: Limits): void {
  const reads = createGate(limits.readsMax)
  const waits = createGate(limits.waitsMax)
  const freshness = createFreshness(pool)
  const source = { pool, limits, wholeLists, lists: createGate(limits.listsMax) }
  const config = { readsCounts: true, problems: summaryProblems, swagger: { exposeHeadRoute: true } }
  const options = { schema: summarySchema, config }
  app.get<{ Params: { user_id: string } }>(summaryPath, options, async (request, reply) => {
    if (!isUuid(request.params.user_id)) return sendProblem(reply, 'not_uuid', { detail: notUuid })
    const asked = parseParameters(queryOf(request.url), request.params.user_id.toLowerCase())
    if ('code' in asked) return sendProblem(reply, asked.code, asked)
    if (asked.awaited.length > 0) {
      const leave = waits.enter()
      if (leave === undefined) return refuseForNow(reply, waits)
      const uncounted = await awaitCounted(freshness, asked.awaited, limits.waitTimeoutMs).finally(leave)
      if (uncounted !== undefined) return sendProblem(reply, uncounted.code, uncounted)
    }
    const leave = reads.enter()
    if (leave === undefined) return refuseForNow(reply, reads)
    const reading = readFresh(freshness, source, asked, wishesOf(request), leave)
    const read = await inTime(reading, limits.answerTimeoutMs, late => discard(late.answer))
    if (read === undefined) return sendProblem(reply, 'too_slow', { detail: tooSlow })
    const { answer, fresh } = read
    if (answer === 'overloaded') return refuseForNow(reply, source.lists)
    reply.headers(fresh)
    if (answer === 'no_activity') {
      return sendProblem(reply, 'no_activity', { detail: `No activity found for user_id ${asked.userId}` })
    }
    return reply.code(answer.status).headers(answer.headers).send(answer.body)
  })
}

/** @param leave called when PostgreSQL is done: so long a place is taken, also when nobody waits for it any more. */
async function readFresh(freshness: Freshness, source: Source, asked: Asked, wishes: Wishes, leave: () => void) {
  try {
    const { headers: fresh } = await freshness()
    return { fresh, answer: await answerCounts(source, asked, wishes) }
  } finally {
    leave()
  }
}

const queryOf = (url: string): string => (url.includes('?') ? url.slice(url.indexOf('?') + 1) : '')

function wishesOf({ method, headers }: FastifyRequest): Wishes {
  const accepts = headers['accept-encoding']
  return {
    acceptEncoding: Array.isArray(accepts) ? accepts.join() : accepts,
    ifNoneMatch: headers['if-none-match'],
    isHead: method === 'HEAD',
  }
}

const refuseForNow = (reply: FastifyReply, gate: Gate): FastifyReply =>
  sendProblem(reply, 'overloaded', { detail: overloaded, retryAfterSeconds: gate.retryAfterSeconds() })

/** A list that was opened for somebody who has been answered already. */
function discard(answer: Counts | string): void {
  if (typeof answer === 'object' && isStream(answer.body)) answer.body.destroy()
}

const isStream = (body: Counts['body']): body is Readable => typeof body === 'object' && 'destroy' in body
