/** Postgres -> HTTP: builds the server, starts it, stops it. */
import { randomUUID } from 'node:crypto'
import { METHODS } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { type FastifyInstance, fastify, LogController } from 'fastify'
import type pg from 'pg'
import { connectPool } from '../postgres/connect.ts'
import { awaitTables } from '../postgres/tables.ts'
import { version } from '../runtime/build.ts'
import type { Config } from '../runtime/config.ts'
import type { Part } from '../runtime/health.ts'
import type { Running } from '../runtime/lifecycle.ts'
import type { Log } from '../runtime/log.ts'
import { apiMetrics, beforeEachScrape, exportMetrics } from '../runtime/metrics.ts'
import { readWholeLists } from './counts.ts'
import { addDashboard, readDashboard } from './dashboard.ts'
import { addDocuments, describeApi } from './document.ts'
import { addEvidence, type LogConfig } from './evidence.ts'
import { copySchema } from './evidence-document.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { addLive } from './live/live.ts'
import { sendProblem } from './problem.ts'
import { addProblems, problemSchema } from './problem-document.ts'
import { createReadiness } from './ready.ts'
import { answerProblems, refuse, refuseBytes } from './refuse.ts'
import { addRejects } from './rejects.ts'
import { screenRequests } from './screen.ts'
import { serverLog } from './server-log.ts'
import { addService, readinessSchema } from './service.ts'
import { createSockets } from './sockets.ts'
import { addSummary } from './summary.ts'
import { dayCountsSchema } from './summary-document.ts'
import { addTry } from './try.ts'
import { stamp, watchRequests } from './watch-requests.ts'

const application = 'footfall api'

/** Longer than any path Node lets in (16 KiB with the headers), so that a long id is refused as no UUID, not as no path. */
const pathBytesMax = 16_384

/** Requests under way may finish for so long, then their sockets are closed; and the same for their connections. */
const drainTimeoutMs = 1_000
const poolEndTimeoutMs = 900

export interface RunningApi extends Running {
  /** Where it listens, as `http://127.0.0.1:8000`. */
  readonly url: string
}

/**
 * Starts the API. It listens at once, whatever PostgreSQL does; /readyz tells what is missing.
 * @throws when the port or host cannot be listened on, naming the setting.
 */
export async function startApi(
  config: Config | Pick<Config, 'postgres' | 'api'>,
  log: Log,
  limits: Limits = defaultLimits,
): Promise<RunningApi> {
  exportMetrics('api', apiMetrics)
  const pool = connectPool(config, application)
  const wholeLists = readWholeLists(pool, limits.rowsMax + 1)
  const scraping = beforeEachScrape(() => lookAtPool(pool, wholeLists.waiting()))
  const stopping = new AbortController()
  const askParts = createReadiness(pool, config.api.awaitSeed, Date.now())
  const ready = async () => (stopping.signal.aborted ? [stoppingPart] : await askParts())
  const app = await buildApi(pool, ready, log, limits, logOf(config), wholeLists)
  const url = await listen(app, config.api, limits).catch(async (error: unknown) => {
    await pool.end()
    throw error
  })
  log('api_listening', { url })
  // Only what waiting cannot mend ends the API, such as a database that is newer than this version.
  const failed = awaitTables(config, application, log, stopping.signal).then(() => new Promise<never>(() => {}))
  failed.catch(() => {})
  let stopped: Promise<void> | undefined
  return {
    url,
    ended: failed,
    stop() {
      stopping.abort()
      scraping[Symbol.dispose]()
      stopped ??= stop(app, pool)
      return stopped
    },
  }
}

/** Who waits for the next round waits for a connection: it begins late only where those before hold theirs. */
function lookAtPool({ totalCount, idleCount, waitingCount, options }: pg.Pool, waitingForRound: number): void {
  apiMetrics.poolConnections.set({ state: 'busy' }, totalCount - idleCount)
  apiMetrics.poolConnections.set({ state: 'idle' }, idleCount)
  apiMetrics.poolMax.set(options.max)
  apiMetrics.poolWaiting.set(waitingCount + waitingForRound)
}

const logOf = (config: Config | object): LogConfig => ('kafka' in config ? config : undefined)

const stoppingPart: Part = { name: 'api', ready: false, why: 'it is stopping' }

/** The server with all its routes, not yet listening. */
export async function buildApi(
  pool: pg.Pool,
  ready: () => Promise<readonly Part[]>,
  log: Log,
  limits: Limits = defaultLimits,
  logConfig?: LogConfig,
  wholeLists = readWholeLists(pool, limits.rowsMax + 1),
): Promise<FastifyInstance> {
  const sockets = createSockets(limits)
  const app = fastify({
    loggerInstance: serverLog(log),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: limits.stallTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    http: {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
      // The screen looks for it, so that its absence is a problem like any other.
      requireHostHeader: false,
    },
    routerOptions: { maxParamLength: pathBytesMax },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => refuse(log, error, request, stamp(reply)),
    clientErrorHandler: (error, socket) => refuseBytes(error, socket, sockets),
  })
  // Schemas describe; they neither judge what comes in nor rewrite what goes out: each route does that for itself.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => JSON.stringify)
  for (const schema of [problemSchema, dayCountsSchema, copySchema, readinessSchema]) app.addSchema(schema)
  sockets.watch(app.server)
  answerProblems(app, log)
  watchRequests(app, log)
  screenRequests(app, limits)
  const token = logConfig?.api.adminToken
  await describeApi(app, version, token !== undefined)
  refuseOtherMethods(app)
  addSummary(app, pool, wholeLists, limits)
  addEvidence(app, pool, logConfig, limits)
  if (logConfig !== undefined && token !== undefined) await addRejects(app, logConfig, token, limits, log)
  const tryIt = token !== undefined && logConfig?.api.tryIt === true
  if (tryIt) await addTry(app, logConfig, token, limits, log)
  addLive(app, pool, { tryIt, rejects: token !== undefined }, limits, log)
  addService(app, ready)
  addProblems(app)
  const dashboard = readDashboard()
  addDashboard(app, dashboard)
  addDocuments(app, dashboard)
  await app.ready()
  return app
}

/** Gives each route added from here on a twin that answers 405, so that a wrong method is not taken for a wrong path. */
function refuseOtherMethods(app: FastifyInstance): void {
  // All that the parser lets through; a CONNECT is no request for a path and is never answered.
  for (const method of METHODS) {
    if (method !== 'CONNECT' && !app.supportedMethods.includes(method)) app.addHttpMethod(method)
  }
  app.addHook('onRoute', route => {
    if (route.method !== 'GET' && route.method !== 'POST') return
    const allowed = route.method === 'GET' ? ['GET', 'HEAD'] : ['POST']
    const detail = route.method === 'GET' ? 'This path can only be read: use GET.' : 'This path takes POST only.'
    app.route({
      method: app.supportedMethods.filter(method => !allowed.includes(method)),
      url: route.url,
      schema: { hide: true },
      // Before the body is read: it would be refused for its type or size first.
      onRequest: async (_request, reply) => {
        return sendProblem(reply.header('allow', allowed.join(', ')), 'method_not_allowed', { detail })
      },
      handler: () => {},
    })
  })
}

async function listen(app: FastifyInstance, { host, port }: Config['api'], limits: Limits): Promise<string> {
  try {
    // Of more at once than wait to be accepted the kernel drops some, and they would never learn it.
    return await app.listen({ host, port, backlog: limits.socketsMax })
  } catch (error) {
    await app.close()
    switch ((error as NodeJS.ErrnoException).code) {
      case 'EADDRINUSE':
        throw new Error(`port ${port} of ${host} is taken by another process: set API_PORT to a free one`)
      case 'EACCES':
        throw new Error(`this user may not listen on port ${port}: set API_PORT to one above 1023`)
      case 'EADDRNOTAVAIL':
      case 'ENOTFOUND':
        throw new Error(`this machine has no address ${host}: set API_HOST to one it has, such as 127.0.0.1 or 0.0.0.0`)
      default:
        throw error
    }
  }
}

async function stop(app: FastifyInstance, pool: pg.Pool): Promise<void> {
  const drained = setTimeout(() => app.server.closeAllConnections(), drainTimeoutMs)
  await app.close()
  clearTimeout(drained)
  // A query that hangs is ended by its own deadline; the process does not wait for it.
  await Promise.race([pool.end(), pause(poolEndTimeoutMs, undefined, { ref: false })])
}
