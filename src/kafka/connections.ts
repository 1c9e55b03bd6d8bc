/** The reader's own connections, one to each broker, opened when asked for. */
import { Connection, ConnectionStatuses } from '@platformatic/kafka'
import type { Config } from '../runtime/config.ts'
import { connectionOptions, serverName } from './cluster.ts'
import { FetchSocket } from './fetch-socket.ts'

interface Place {
  readonly host: string
  readonly port: number
}

export class Connections {
  readonly #config: Config
  readonly #role: string
  readonly #known = new Map<number, Connection | FetchSocket>()

  constructor(config: Config, role: string) {
    this.#config = config
    this.#role = role
  }

  /** @throws when the broker cannot be reached or does not let us in. */
  async to(broker: number, place: Place): Promise<Connection | FetchSocket> {
    const known = this.#known.get(broker)
    if (known instanceof FetchSocket ? known.isOpen : known?.isConnected()) return known!
    if (known instanceof Connection && known.status === ConnectionStatuses.REAUTHENTICATING) {
      await known.ready() // brokers let no session live longer than connections.max.reauth.ms
      return known
    }
    const clientId = `footfall-${this.#role}`
    const { tls, ...options } = connectionOptions(this.#config)
    if (tls === undefined && this.#config.kafka.security.sasl === undefined) {
      const socket = new FetchSocket(clientId, options, place)
      this.#known.set(broker, socket)
      await socket.opened
      return socket
    }
    const named = tls && { tls: { ...tls, servername: serverName(place.host) } }
    const connection = new Connection(clientId, { ...options, ...named })
    connection.on('error', () => {}) // the request under way fails with it
    this.#known.set(broker, connection)
    await connection.connect(place.host, place.port)
    return connection
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#known.values()].map(connection => connection.close()))
  }
}
