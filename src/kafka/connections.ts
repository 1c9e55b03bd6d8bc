/** The reader's own connections, one to each broker, opened when asked for. */
import { Connection, ConnectionStatuses } from '@platformatic/kafka'
import type { Config } from '../runtime/config.ts'
import { connectionOptions, serverName } from './cluster.ts'

export class Connections {
  readonly #config: Config
  readonly #role: string
  readonly #known = new Map<number, Connection>()

  constructor(config: Config, role: string) {
    this.#config = config
    this.#role = role
  }

  /** @throws when the broker cannot be reached or does not let us in. */
  async to(broker: number, { host, port }: { readonly host: string; readonly port: number }): Promise<Connection> {
    const known = this.#known.get(broker)
    if (known?.isConnected()) return known
    if (known?.status === ConnectionStatuses.REAUTHENTICATING) {
      await known.ready() // brokers let no session live longer than connections.max.reauth.ms
      return known
    }
    const { tls, ...options } = connectionOptions(this.#config)
    const named = tls && { tls: { ...tls, servername: serverName(host) } }
    const connection = new Connection(`footfall-${this.#role}`, { ...options, ...named })
    connection.on('error', () => {}) // the request under way fails with it
    this.#known.set(broker, connection)
    await connection.connect(host, port)
    return connection
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#known.values()].map(connection => connection.close()))
  }
}
