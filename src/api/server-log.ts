/** What the HTTP framework says by itself: warnings of misuse, which are bugs of ours. Requests are logged by us. */
import type { FastifyBaseLogger } from 'fastify'
import type { Log } from '../runtime/log.ts'

export function serverLog(log: Log): FastifyBaseLogger {
  const warn = (facts: unknown, text?: string) => {
    const { err } = Object(facts) as { readonly err?: unknown }
    log('http_server_warned', { why: typeof facts === 'string' ? facts : text, err })
  }
  const quiet = () => {}
  const logger: FastifyBaseLogger = {
    level: 'warn',
    fatal: warn,
    error: warn,
    warn,
    info: quiet,
    debug: quiet,
    trace: quiet,
    silent: quiet,
    child: () => logger,
  }
  return logger
}
