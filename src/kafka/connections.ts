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
  readonly #clientId: string
  readonly #known = new Map<number, Connection | FetchSocket>()

  constructor(config: Config, role: string) {
    this.#config = config
    this.#clientId = `footfall-${role}`
  }

  /** @throws when the broker cannot be reached or does not let us in. */
  async to(broker: number, place: Place): Promise<Connection | FetchSocket> {
    const known = this.#known.get(broker)
    if (known instanceof FetchSocket ? known.isOpen : known?.isConnected()) return known!
    if (known instanceof Connection && known.status === ConnectionStatuses.REAUTHENTICATING) {
      await known.ready() // brokers let no session live longer than connections.max.reauth.ms
      return known
    }
    const { tls, sasl } = this.#config.kafka.security
    const isPlain = tls === undefined && sasl === undefined
    return isPlain ? this.#openSocket(broker, place) : this.#openConnection(broker, place)
  }

  async #openSocket(broker: number, place: Place): Promise<FetchSocket> {
    const socket = new FetchSocket(this.#clientId, connectionOptions(this.#config), place)
    this.#known.set(broker, socket)
    await socket.opened
    return socket
  }

  async #openConnection(broker: number, { host, port }: Place): Promise<Connection> {
    const { tls, ...options } = connectionOptions(this.#config)
    const named = tls && { tls: { ...tls, servername: serverName(host) } }
    const connection = new Connection(this.#clientId, { ...options, ...named })
    connection.on('error', () => {}) // the request under way fails with it
    this.#known.set(broker, connection)
    await connection.connect(host, port)
    return connection
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#known.values()].map(connection => connection.close()))
  }
}
