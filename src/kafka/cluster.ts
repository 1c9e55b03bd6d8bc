/** How any client of ours connects: one place for addresses, names, times, encryption and credentials. */
import { isIP } from 'node:net'
import type { Base, BaseOptions, ConnectionOptions } from '@platformatic/kafka'
import type { Config } from '../runtime/config.ts'
import { saslOptions } from './credentials.ts'

export type ClusterOptions = BaseOptions & { readonly timeout: number }

const retryDelayFirstMs = 50
const retryDelayLastMs = 1_000

/**
 * Options for every client of `@platformatic/kafka`. Each one whose default matters is written out, because the
 * library's own are made for patient batch jobs: a second between retries would be felt in every leader change.
 * @param role who connects; brokers show it as `footfall-<role>` in their logs and quotas.
 */
export function clusterOptions(config: Config, role: string): ClusterOptions {
  return {
    clientId: `footfall-${role}`,
    bootstrapBrokers: [...config.kafka.bootstrapServers],
    ...connectionOptions(config),
    /** How long a broker may work on a request, such as waiting for replicas. Below requestTimeout, so it answers. */
    timeout: 10_000,
    maxInflights: 5,
    /** Writers and readers bound what is on its way themselves. */
    handleBackPressure: false,
    retries: 5,
    retryDelay: (_client: object, _operation: string, attempt: number) => retryDelayMs(attempt),
    /** Also how soon grown partitions and moved leaders are seen without an error. */
    metadataMaxAge: 5_000,
    /** A topic made in passing has the broker's defaults, not ours: see topic.ts. */
    autocreateTopics: false,
  }
}

/** The part of them that a connection without a client takes as well. */
export function connectionOptions({ kafka: { security } }: Config) {
  const { tls, sasl } = security
  return {
    /** From the first packet to the end of TLS and SASL. */
    connectTimeout: 5_000,
    /** After this the connection is given up and what was on its way has an unknown outcome. */
    requestTimeout: 15_000,
    ...(tls && { tls: { ca: tls.ca, cert: tls.certificate, key: tls.key } }),
    ...(sasl && { sasl: saslOptions(sasl) }),
  } satisfies ConnectionOptions
}

/**
 * Makes a client of the options of `clusterOptions`. All are made here, because the library leaves two things undone: it
 * names no host in the TLS greeting, by which brokers behind one address are told apart, and an error of a connection
 * that fails a second time would end the process.
 */
export function openClient<Client extends Base>(
  options: ClusterOptions,
  make: (options: ClusterOptions) => Client,
): Client {
  const client = make(options)
  client.connections.on('connecting', ({ broker, connection }) => {
    // The connection takes its options right after this event. An address is no name and may not stand there.
    if (options.tls !== undefined) options.tls.servername = serverName(broker.host)
    connection.on('error', () => {}) // the request that needed it fails as well
  })
  return client
}

/** The host as the TLS greeting may name it. */
export const serverName = (host: string): string | undefined => (isIP(host) === 0 ? host : undefined)

/** Doubles from 50 ms to 1 s. @param attempt counts from 1. */
export function retryDelayMs(attempt: number): number {
  return Math.min(retryDelayLastMs, retryDelayFirstMs * 2 ** Math.min(attempt - 1, 10))
}
