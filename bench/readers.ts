/** Who answers reads: Footfall's API as it is shipped, and the usual servers over the same table. */
import { join } from 'node:path'
import { projectRoot } from '../src/runtime/config.ts'
import { build, type Kind } from './build.ts'
import { type LeftOut, postgresEnvironment } from './contestants.ts'
import type { Lab, Program } from './lab.ts'

export interface Reader {
  readonly name: string
  readonly about: string
  /** @param hasTags whether its answers have an ETag; Footfall's always have. */
  server(lab: Lab, settings: Readonly<Record<string, string>>, port: number, hasTags: boolean): Program
}

const footfall: Reader = {
  name: 'footfall',
  about: 'This, one process. Positions, age and lag of the answer, ETag, problem documents.',
  server: (_, settings, port) => ({
    name: 'footfall-api',
    command: join(projectRoot, 'footfall'),
    args: ['api'],
    environment: { ...settings, API_HOST: '127.0.0.1', API_PORT: String(port) },
  }),
}

interface Rival {
  readonly kind: Kind
  readonly about: string
  readonly command: (folder: string, port: number) => readonly [command: string, ...args: string[]]
}

const rivals: Readonly<Record<string, Rival>> = {
  fastapi: {
    kind: 'python',
    about: 'FastAPI, asyncpg, uvicorn with uvloop and httptools: two workers with five connections each.',
    command: (folder, port) => [
      join(folder, 'venv/bin/uvicorn'),
      ...['--app-dir', folder, 'app:app', '--loop', 'uvloop', '--http', 'httptools', '--no-access-log'],
      ...['--log-level', 'warning', '--workers', '2', '--port', String(port)],
    ],
  },
  fastify: {
    kind: 'node',
    about: 'Fastify, pg: one process, ten connections, a named statement, a response schema.',
    command: folder => [process.execPath, join(folder, 'server.mjs')],
  },
  'go-api': {
    kind: 'go',
    about: 'net/http, pgx: ten connections, prepared statements.',
    command: folder => [join(folder, 'rival')],
  },
}

/** Builds what can be built here. */
export async function readers(): Promise<{ found: readonly Reader[]; leftOut: LeftOut[] }> {
  const found = [footfall]
  const leftOut: LeftOut[] = []
  for (const [name, rival] of Object.entries(rivals)) {
    try {
      const folder = await build(name, rival.kind)
      found.push({
        name,
        about: rival.about,
        server(lab, settings, port, hasTags) {
          const [command, ...args] = rival.command(folder, port)
          const database = postgresEnvironment(lab, settings['POSTGRES_DB']!)
          const environment = { ...database, PORT: String(port), ETAG: hasTags ? '1' : '0' }
          return { name, command, args, environment }
        },
      })
    } catch (error) {
      leftOut.push({ name, why: (error as Error).message })
    }
  }
  return { found, leftOut }
}
