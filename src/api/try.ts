/**
 * POST /api/try: sends one event by hand, good or bad, so that its way can be followed. Only where it was asked for (TRY_IT)
 * and a token was given: whoever may use it may write to the log.
 */
import type { FastifyInstance } from 'fastify'
import type { UserActivity } from '../event/schema.ts'
import { eventKey } from '../event/wire.ts'
import { asAway, LogAway } from '../evidence/trace/log-access.ts'
import { writeOne } from '../kafka/write-one.ts'
import type { Config } from '../runtime/config.ts'
import type { Log } from '../runtime/log.ts'
import { admitOnly } from './admin.ts'
import { isRefusal, parseQuery } from './evidence-parameters.ts'
import { createGate } from './gate.ts'
import { inTime } from './in-time.ts'
import type { Limits } from './limits.ts'
import { sendProblem } from './problem.ts'
import { tryPath, tryProblems, trySchema } from './try-document.ts'
import { named } from './watch-requests.ts'

export async function addTry(app: FastifyInstance, config: Config, token: string, limits: Limits, log: Log) {
  const gate = createGate(limits.proofsMax)
  await app.register(async admin => {
    admitOnly(admin, token)
    admin.removeAllContentTypeParsers()
    // As bytes: what is no UTF-8 has to come into the log as it is.
    const options = { parseAs: 'buffer', bodyLimit: limits.adminBodyBytesMax } as const
    admin.addContentTypeParser('*', options, (_request, body, done) => done(null, body))
    const route = { schema: trySchema, config: { takesBody: true, problems: tryProblems } }
    admin.post<{ Body: Buffer | undefined }>(tryPath, route, async (request, reply) => {
      const asked = parseQuery(request.url, [])
      if (isRefusal(asked)) return sendProblem(reply, asked.code, asked)
      const leave = gate.enter()
      if (leave === undefined) {
        const detail = 'Other events are being sent by hand.'
        return sendProblem(reply, 'overloaded', { detail, retryAfterSeconds: gate.retryAfterSeconds() })
      }
      const value = request.body ?? Buffer.alloc(0)
      const sending = asAway(config, () => writeOne(config, 'api', { key: keyOf(value), value })).finally(leave)
      try {
        const written = await inTime(sending, limits.adminTimeoutMs, () => {})
        if (written === undefined) return sendProblem(reply, 'too_slow', { detail: late })
        const position = `${written.partition}:${written.offset}`
        log('event_tried', { ...named(request), position })
        return reply.send({ position, appended_at: new Date(written.appendedMs).toISOString() })
      } catch (error) {
        if (error instanceof LogAway) return sendProblem(reply, 'log_away', { detail: error.message })
        throw error
      }
    })
  })
}

/** That of its user, as far as there is one: then it comes where the others of this user are. */
function keyOf(value: Buffer): Buffer | null {
  try {
    const event = JSON.parse(value.toString('utf8')) as UserActivity | null
    return typeof event?.user_id === 'string' ? eventKey(event) : null
  } catch {
    return null // a bad record needs no key
  }
}

const late = 'Kafka has not answered in time. The event may come into the log all the same.'
