/**
 * /api/rejects: what `./footfall rejects` lists, shows, discards and sends again, over HTTP. Only where the API was given a
 * token, which every request has to bring. Each question opens ways of its own to PostgreSQL and Kafka, and few are let
 * in at a time: summaries go before.
 */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { label } from '../evidence/rejects/label.ts'
import { listRejects } from '../evidence/rejects/list.ts'
import { countOf, type RejectsReport } from '../evidence/rejects/reject-report.ts'
import { RejectsForbidden } from '../evidence/rejects/reject-tables.ts'
import { parseFilter, parsePositions } from '../evidence/rejects/rejects-request.ts'
import { sendRepairs } from '../evidence/rejects/send-repairs.ts'
import { showReject } from '../evidence/rejects/show.ts'
import { LogAway } from '../evidence/trace/log-access.ts'
import { UnfitDatabase } from '../postgres/unfit-database.ts'
import type { Config } from '../runtime/config.ts'
import type { Log } from '../runtime/log.ts'
import { operator } from '../runtime/operator.ts'
import { admitOnly } from './admin.ts'
import { isRefusal, parseQuery } from './evidence-parameters.ts'
import { createGate } from './gate.ts'
import { inTime } from './in-time.ts'
import type { Limits } from './limits.ts'
import { sendProblem } from './problem.ts'
import { type Deed, parseDeed } from './rejects-body.ts'
import {
  discardSchema,
  listSchema,
  rejectsPath,
  rejectsProblems,
  retrySchema,
  showPath,
  showSchema,
} from './rejects-document.ts'
import { named } from './watch-requests.ts'

/** Of the time for an answer, what Kafka may take for the records, and then the consumer. */
const waitShare = 0.35

export async function addRejects(app: FastifyInstance, config: Config, token: string, limits: Limits, log: Log) {
  const gate = createGate(limits.proofsMax)

  /** The place is taken until the work has really ended, also when nobody waits for it any more. */
  const answer = async <T>(reply: FastifyReply, ask: () => Promise<T>, send: (found: T) => FastifyReply) => {
    const leave = gate.enter()
    if (leave === undefined) {
      const detail = 'Other questions about rejects are being answered.'
      return sendProblem(reply, 'overloaded', { detail, retryAfterSeconds: gate.retryAfterSeconds() })
    }
    try {
      const found = await inTime(
        ask()
          .then(report => ({ report }))
          .finally(leave),
        limits.adminTimeoutMs,
        () => {},
      )
      if (found === undefined) return sendProblem(reply, 'too_slow', { detail: late })
      return send(found.report)
    } catch (error) {
      if (error instanceof LogAway) return sendProblem(reply, 'log_away', { detail: error.message })
      if (error instanceof RejectsForbidden) return sendProblem(reply, 'not_granted', { detail: error.message })
      if (error instanceof UnfitDatabase) return sendProblem(reply, 'database_away', { detail: error.message })
      throw error
    }
  }
  const json = (reply: FastifyReply, report: object, status = 200) =>
    reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(report))

  await app.register(async admin => {
    admitOnly(admin, token)
    admin.removeAllContentTypeParsers()
    const options = { parseAs: 'string', bodyLimit: limits.adminBodyBytesMax } as const
    admin.addContentTypeParser('*', options, (_request, body, done) => done(null, body))

    const readConfig = { readsCounts: true, problems: rejectsProblems.list }
    admin.get(rejectsPath, { schema: listSchema, config: readConfig }, async (request, reply) => {
      const asked = parseQuery(request.url, ['reason', 'pointer', 'partition', 'since', 'until', 'all'])
      if (isRefusal(asked)) return sendProblem(reply, asked.code, asked)
      const { all = 'false', ...flags } = asked
      const filter = parseFilter(flags)
      if (typeof filter === 'string')
        return wrong(reply, filter.replace(/^--(\w+) is/, '$1 is'), /\w+/.exec(filter)![0])
      if (all !== 'true' && all !== 'false') return wrong(reply, 'all must be true or false', 'all')
      return answer(
        reply,
        () => listRejects(config, filter, all === 'true'),
        report => json(reply, report),
      )
    })

    const showConfig = { readsCounts: true, problems: rejectsProblems.show }
    type Place = { partition: string; offset: string }
    admin.get<{ Params: Place }>(showPath, { schema: showSchema, config: showConfig }, async (request, reply) => {
      const asked = parseQuery(request.url, ['lineage'])
      if (isRefusal(asked)) return sendProblem(reply, asked.code, asked)
      const { partition, offset } = request.params
      const places = parsePositions([`${partition}:${offset}`])
      if (typeof places === 'string') return wrong(reply, 'partition and offset must be whole numbers', 'partition')
      const { lineage } = asked
      if (lineage !== undefined && !/^\d{1,9}$/.test(lineage))
        return wrong(reply, 'lineage must be a whole number', 'lineage')
      return answer(
        reply,
        () => showReject(config, places[0]!, lineage === undefined ? undefined : Number(lineage)),
        report => {
          if (report !== undefined) return json(reply, report)
          return sendProblem(reply, 'no_such_reject', { detail: `There is no reject at ${partition}:${offset}.` })
        },
      )
    })

    const deed = (path: string, kind: Deed, schema: object, work: (asked: Asked) => Promise<RejectsReport>) => {
      const config = { takesBody: true, readsCounts: true, problems: rejectsProblems[kind] }
      admin.post(`${rejectsPath}/${path}`, { schema, config }, async (request, reply) => {
        const asked = parseDeed(request.body, kind)
        if ('code' in asked) return sendProblem(reply, asked.code, asked)
        return answer(
          reply,
          () => work(asked),
          report => {
            const { verb, selected, is_dry_run } = report
            if (!is_dry_run) log('rejects_changed', { ...named(request), verb, selected, done: countDone(report) })
            // Kafka took nothing, perhaps because it may not be written to: that is no answer about rejects.
            if (report.stopped?.startsWith('Kafka') && countDone(report) === 0) {
              return sendProblem(reply, 'log_away', { detail: report.stopped })
            }
            return json(reply, report, countOf(report, 'waiting') > 0 ? 202 : 200)
          },
        )
      })
    }
    deed('discard', 'discard', discardSchema, ({ selection, isDryRun, isUndo, note, by }) => {
      const who = `${by ?? 'somebody'} over HTTP, ${operator()}`
      return label(config, selection, { isUndo, isDryRun, note, by: who })
    })
    deed('retry', 'retry', retrySchema, ({ selection, isDryRun }) =>
      sendRepairs(config, selection, { isDryRun, patch: undefined, waitMs: limits.adminTimeoutMs * waitShare }),
    )
  })
}

type Asked = Exclude<ReturnType<typeof parseDeed>, { readonly code: unknown }>

const countDone = (report: RejectsReport): number => countOf(report, 'counted', 'duplicate', 'discarded', 'restored')

const late = 'It took too long. What was begun goes on: ask again what became of it.'

const wrong = (reply: FastifyReply, detail: string, parameter: string): FastifyReply =>
  sendProblem(reply, 'bad_parameter', { detail: `${detail}.`, parameter })
