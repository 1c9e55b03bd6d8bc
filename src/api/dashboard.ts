/**
 * The page that people see at `/`, and its files at /dashboard/: what stands in src/dashboard, and uPlot, which draws its
 * charts. Read once at the start; compressed once, when somebody first asks. Nothing that is asked for names a file on
 * the disk: there are these files and no others.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { projectRoot } from '../runtime/config.ts'
import { type Coding, chooseCoding, weightsOf } from './coding.ts'
import { digest, entityTag, matches } from './etag.ts'
import { sendProblem } from './problem.ts'

/**
 * The page runs its own files and asks its own server, and nothing else: no inline code or style, no frame around it,
 * and no text that becomes markup.
 */
const contentSecurityPolicy = [
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'",
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "require-trusted-types-for 'script'; trusted-types 'none'",
].join('; ')

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

/** What is packed already does not get smaller. */
const packed = ['.png', '.woff2']

/** Smallest first: they are compressed once, and every browser takes one of them. */
const codings: readonly Coding[] = ['br', 'gzip']

interface File {
  readonly type: string
  readonly bytes: Buffer
  readonly digest: string
  readonly isPacked: boolean
  /** By coding, from the first time that it was asked for. */
  readonly encoded: Map<Coding, Promise<Buffer>>
}

export type Dashboard = ReadonlyMap<string, File>

/** By their path after /dashboard/. @throws when the page is not there. */
export function readDashboard(folder = join(projectRoot, 'src/dashboard')): Dashboard {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => extname(name) in types)
  const own = names.map(name => [name, readFileSync(join(folder, name))] as const)
  const files = new Map([...own, ...readCharts()].map(([name, bytes]) => [name, fileOf(name, bytes)]))
  if (!files.has('index.html')) throw new Error(`${folder} has no index.html: this copy of Footfall is not whole`)
  return files
}

/** uPlot as a module: its smallest form is a script that leaves a global name, which a module keeps to itself. */
function readCharts(): (readonly [name: string, bytes: Buffer])[] {
  const dist = dirname(createRequire(import.meta.url).resolve('uplot/dist/uPlot.min.css'))
  const script = readFileSync(join(dist, 'uPlot.iife.min.js'), 'utf8')
  return [
    ['uplot.js', Buffer.from(`${script}\nexport default uPlot\n`)],
    ['uplot.css', readFileSync(join(dist, 'uPlot.min.css'))],
  ]
}

function fileOf(name: string, bytes: Buffer): File {
  const extension = extname(name)
  const isPacked = packed.includes(extension)
  return { type: types[extension]!, bytes, digest: digest(bytes.toString('latin1')), isPacked, encoded: new Map() }
}

/** To be called once; `/` belongs to the documents, which ask `sendPage` for people. */
export function addDashboard(app: FastifyInstance, dashboard: Dashboard): void {
  app.get<{ Params: { '*': string } }>('/dashboard/*', { schema: { hide: true } }, async (request, reply) => {
    const file = dashboard.get(request.params['*'])
    if (file !== undefined) return sendFile(request, reply, file)
    return sendProblem(reply, 'no_such_path', { detail: 'The dashboard has no such file. It begins at /.' })
  })
}

export const sendPage = (request: FastifyRequest, reply: FastifyReply, dashboard: Dashboard): Promise<FastifyReply> =>
  sendFile(request, reply, dashboard.get('index.html')!)

/** Browsers ask for HTML before all else; curl and programs take whatever there is, which is JSON. */
export function prefersHtml({ headers: { accept } }: FastifyRequest): boolean {
  const weights = weightsOf(accept ?? '*/*')
  const weight = (type: string, range: string) => weights.get(type) ?? weights.get(range) ?? weights.get('*/*') ?? 0
  return weight('text/html', 'text/*') > weight('application/json', 'application/*')
}

async function sendFile({ headers }: FastifyRequest, reply: FastifyReply, file: File): Promise<FastifyReply> {
  const accepts = headers['accept-encoding']
  const wished = Array.isArray(accepts) ? accepts.join() : accepts
  const coding = file.isPacked ? undefined : chooseCoding(wished, file.bytes.length, codings)
  const tag = entityTag(file.digest, coding)
  reply.headers({
    // Kept, but asked about each time: after an upgrade nobody sees half of the old page.
    'cache-control': 'no-cache',
    vary: 'Accept, Accept-Encoding',
    etag: tag,
    'content-security-policy': contentSecurityPolicy,
    'referrer-policy': 'no-referrer',
  })
  if (matches(headers['if-none-match'], tag)) return reply.code(304).send()
  if (coding !== undefined) reply.header('content-encoding', coding)
  return reply.type(file.type).send(coding === undefined ? file.bytes : await encodedAs(file, coding))
}

function encodedAs({ bytes, encoded }: File, coding: Coding): Promise<Buffer> {
  const known = encoded.get(coding) ?? compress(bytes, coding)
  encoded.set(coding, known)
  return known
}

const brotli = promisify<Buffer, zlib.BrotliOptions, Buffer>(zlib.brotliCompress)
const gzip = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gzip)

/** As small as it gets: it is done once. */
function compress(bytes: Buffer, coding: Coding): Promise<Buffer> {
  return coding === 'br' ? brotli(bytes, {}) : gzip(bytes, { level: 9 })
}
