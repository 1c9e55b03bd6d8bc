/**
 * pg's client, as we need it. `bigint` comes as a string (a number would lose counts beyond 2^53) and `date` as
 * `YYYY-MM-DD` (pg would make it midnight of the machine's time zone).
 */
import pg from 'pg'
import type { Config } from '../runtime/config.ts'
import { explained, tlsOptions } from './tls.ts'

export type PostgresAddress = Pick<Config, 'postgres'>

/** Three round trips of a far server with room for a busy one; a server that is down refuses at once. */
const connectTimeoutMs = 3_000

/** How long a polite end may take before the socket is destroyed: a half-open one would never answer. */
const endTimeoutMs = 1_000

/** Idle time before TCP asks whether the other side still lives. */
const keepAliveDelayMs = 10_000

/**
 * pg's client, but: its end is bounded also where the other side has vanished without a word; its start takes nothing from
 * PGOPTIONS or PGREPLICATION; and why TLS fails is told in our words.
 */
export function clientClass({ postgres }: PostgresAddress, application: string) {
  return class BoundedClient extends pg.Client {
    override connect(): Promise<pg.Client>
    override connect(callback: (error?: Error) => void): void
    override connect(callback?: (error?: Error) => void): Promise<pg.Client> | undefined {
      if (callback !== undefined) {
        super.connect((error?: Error | null) => callback(error ? explained(error, postgres) : undefined))
        return undefined
      }
      return super.connect().then(
        () => this,
        (error: Error) => {
          throw explained(error, postgres)
        },
      )
    }

    override end(): Promise<void>
    override end(callback: (error: Error) => void): void
    override end(callback?: (error: Error) => void): Promise<void> | void {
      const deadline = setTimeout(() => this.connection.stream.destroy(), endTimeoutMs).unref()
      this.once('end', () => clearTimeout(deadline))
      return callback === undefined ? super.end() : super.end(callback)
    }

    /** pg asks for it when the socket stands; it is not among its documented names. */
    getStartupConf(): Readonly<Record<string, string | undefined>> {
      return { user: this.user, database: this.database, application_name: application }
    }
  }
}

/** All that pg would otherwise take from PG* variables is given. */
export function clientConfig({ postgres }: PostgresAddress, application: string): pg.ClientConfig {
  return {
    host: postgres.host,
    port: postgres.port,
    database: postgres.database,
    user: postgres.user,
    password: postgres.password,
    ssl: tlsOptions(postgres),
    sslnegotiation: 'postgres',
    application_name: application,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelayMs,
    types: { getTypeParser },
  }
}

const asText = (value: string): string => value

/** pg's own parsers, but for `date`. */
const getTypeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  oid === pg.types.builtins.DATE && format !== 'binary' ? asText : pg.types.getTypeParser(oid, format as 'text')
