/** Who may see and repair rejects: whoever sends the token. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { sendProblem } from './problem.ts'

/** Refuses every request of this part of the API that does not bring the token, before its body is read. */
export function admitOnly(admin: FastifyInstance, token: string): void {
  const wanted = digest(token)
  admin.addHook('onRequest', async (request, reply) => {
    const given = /^Bearer +([!-~]+)$/i.exec(request.headers.authorization ?? '')?.[1]
    // Digests are of one length, and comparing them takes one time, however much of a guess is right.
    if (given !== undefined && timingSafeEqual(digest(given), wanted)) return
    const detail = given === undefined ? 'This path asks for a token.' : 'This token is not the one.'
    return sendProblem(reply.header('www-authenticate', 'Bearer realm="footfall"'), 'unauthorized', { detail })
  })
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
