/**
 * GET /api/trace and GET /api/explain/{user_id}/{item_id}/{date}: what became of an event, and what a number is the sum of.
 * They read the log, so that each question opens a way to Kafka of its own; without Kafka they answer 503 and nothing
 * else is touched. Few are let in at a time: reading the log takes the processor that summaries need.
 */
import type { FastifyInstance, FastifyReply } from 'fastify'
import type pg from 'pg'
import { explain } from '../evidence/trace/explain.ts'
import { parseRow } from '../evidence/trace/explain-report.ts'
import { LogAway, openLog } from '../evidence/trace/log-access.ts'
import { trace } from '../evidence/trace/trace.ts'
import type { Tools, TraceOptions } from '../evidence/trace/trace-report.ts'
import { parseTrace } from '../evidence/trace/trace-request.ts'
import { UnfitDatabase } from '../postgres/unfit-database.ts'
import type { Config } from '../runtime/config.ts'
import { evidenceProblems, explainPath, explainSchema, tracePath, traceSchema } from './evidence-document.ts'
import { notADay, parseEvidence } from './evidence-parameters.ts'
import { createGate } from './gate.ts'
import { inTime } from './in-time.ts'
import type { Limits } from './limits.ts'
import { sendProblem } from './problem.ts'

/** Where the log is; undefined: this API was started without Kafka, as some tests do. */
export type LogConfig = Config | undefined

/** What is left of the time for opening, asking PostgreSQL and answering. */
const scanShare = 0.7

export function addEvidence(app: FastifyInstance, pool: pg.Pool, log: LogConfig, limits: Limits): void {
  const gate = createGate(limits.proofsMax)

  const answer = async (
    reply: FastifyReply,
    ask: (tools: Tools, options: Omit<TraceOptions, 'limit'>) => Promise<object>,
  ) => {
    const leave = gate.enter()
    if (leave === undefined) {
      return sendProblem(reply, 'overloaded', { detail: busy, retryAfterSeconds: gate.retryAfterSeconds() })
    }
    const ending = new AbortController()
    const seconds = (limits.proofTimeoutMs * scanShare) / 1_000
    const options = { seconds, isThorough: false, signal: ending.signal }
    // The place is taken until it has really ended, also when nobody waits for it any more.
    const work = withLog(pool, log, tools => ask(tools, options)).finally(leave)
    try {
      const report = await inTime(work, limits.proofTimeoutMs, () => {})
      if (report === undefined) return sendProblem(reply, 'log_away', { detail: silent })
      return reply.type('application/json; charset=utf-8').send(JSON.stringify(report))
    } catch (error) {
      if (error instanceof LogAway) return sendProblem(reply, 'log_away', { detail: silent })
      if (error instanceof UnfitDatabase) return sendProblem(reply, 'database_away', { detail: unfit })
      throw error
    } finally {
      ending.abort()
    }
  }

  const config = { readsCounts: true, problems: evidenceProblems.trace }
  app.get(tracePath, { schema: traceSchema, config }, async (request, reply) => {
    const asked = parseEvidence(request.url, ['position', 'user_id', 'event_id', 'limit'])
    if ('code' in asked) return sendProblem(reply, asked.code, asked)
    const { position, user_id: user, event_id: eventId } = asked.given
    const wanted = parseTrace({ position, user, eventId })
    if ('wrong' in wanted) {
      const parameter = names[wanted.wrong]
      return sendProblem(reply, 'bad_parameter', { detail: `${parameter} must be ${wanted.allowed}.`, parameter })
    }
    return answer(reply, (tools, options) => trace(tools, wanted, { ...options, limit: asked.limit }))
  })

  const explainConfig = { ...config, problems: evidenceProblems.explain }
  type Params = { user_id: string; item_id: string; date: string }
  app.get<{ Params: Params }>(explainPath, { schema: explainSchema, config: explainConfig }, async (request, reply) => {
    const { user_id, item_id, date } = request.params
    const row = parseRow(user_id, item_id, date)
    if (row === 'date') return sendProblem(reply, 'bad_day', { detail: notADay })
    if (typeof row === 'string')
      return sendProblem(reply, 'not_uuid', { detail: `${names[row]} must be a UUID of the form 8-4-4-4-12.` })
    const asked = parseEvidence(request.url, ['limit'])
    if ('code' in asked) return sendProblem(reply, asked.code, asked)
    return answer(reply, (tools, options) => explain(tools, row, { ...options, limit: asked.limit }))
  })
}

const names = { position: 'position', user: 'user_id', eventId: 'event_id', item: 'item_id' } as const

const busy = 'As many questions about the log are being answered as this API answers at a time. Try again.'
const silent = 'The log cannot be read now: Kafka does not answer. Counts are answered all the same. Try again.'
const unfit = 'Nothing was counted yet, or the tables are not those of this version and topic: /readyz says more.'

async function withLog<T>(pool: pg.Pool, log: LogConfig, use: (tools: Tools) => Promise<T>): Promise<T> {
  if (log === undefined) throw new LogAway('this API was started without Kafka')
  await using access = await openLog(log, 'api')
  return await use({ config: log, pool, log: access })
}
