/** How any client of ours connects: one place for addresses, names and times, and later for SASL and TLS. */
import type { BaseOptions } from '@platformatic/kafka'
import type { Config } from '../runtime/config.ts'

const retryDelayFirstMs = 50
const retryDelayLastMs = 1_000

/**
 * Options for every client of `@platformatic/kafka`. Each one whose default matters is written out, because the
 * library's own are made for patient batch jobs: a second between retries would be felt in every leader change.
 * @param role who connects; brokers show it as `footfall-<role>` in their logs and quotas.
 */
export function clusterOptions(config: Config, role: string) {
  return {
    clientId: `footfall-${role}`,
    bootstrapBrokers: [...config.kafka.bootstrapServers],
    connectTimeout: 5_000,
    /** How long a broker may work on a request, such as waiting for replicas. Below requestTimeout, so it answers. */
    timeout: 10_000,
    /** After this the connection is given up and what was on its way has an unknown outcome. */
    requestTimeout: 15_000,
    maxInflights: 5,
    /** Writers and readers bound what is on its way themselves. */
    handleBackPressure: false,
    retries: 5,
    retryDelay: (_client: object, _operation: string, attempt: number) => retryDelayMs(attempt),
    /** Also how soon grown partitions and moved leaders are seen without an error. */
    metadataMaxAge: 5_000,
    /** A topic made in passing has the broker's defaults, not ours: see topic.ts. */
    autocreateTopics: false,
  } satisfies BaseOptions
}

/** Doubles from 50 ms to 1 s. @param attempt counts from 1. */
export function retryDelayMs(attempt: number): number {
  return Math.min(retryDelayLastMs, retryDelayFirstMs * 2 ** Math.min(attempt - 1, 10))
}
