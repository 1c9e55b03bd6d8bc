/** What went wrong with the brokers, in words for people: brokers that close a connection without a word are asked why. */
import { Connection, parseBroker, saslHandshakeV1 } from '@platformatic/kafka'
import type { Config } from '../runtime/config.ts'
import { connectionOptions, serverName } from './cluster.ts'
import { asksForSasl, isSilentEnd, Refused, refusal } from './refusal.ts'

/** No broker can be reached; the message says where and what to do. */
export class Unreachable extends Error {}

const askMs = 3_000

/** @returns Refused, Unreachable, or the error as it came. */
export async function explain(config: Config, error: unknown): Promise<Error> {
  const sentence = refusal(config, error) ?? (isSilentEnd(error) ? await askWhy(config) : undefined)
  if (sentence !== undefined) return new Refused(sentence, { cause: error })
  const servers = config.kafka.bootstrapServers.join(', ')
  if ((error as Error).message === 'Request timed out') {
    return new Unreachable(`Kafka at ${servers} takes connections and answers nothing: look at its log`, {
      cause: error,
    })
  }
  if ((error as Error).message !== 'Cannot connect to any broker.') return error as Error
  return new Unreachable(`no broker can be reached at ${servers}: start Kafka, or set KAFKA_BOOTSTRAP_SERVERS`, {
    cause: error,
  })
}

/** Goes to each broker once more, over a connection of its own, and does the first step of SASL there. */
async function askWhy(config: Config): Promise<string | undefined> {
  const sentences = await Promise.all(config.kafka.bootstrapServers.map(address => ask(config, address)))
  return sentences.find(sentence => sentence !== undefined)
}

async function ask(config: Config, address: string): Promise<string | undefined> {
  const { security } = config.kafka
  const { host, port } = parseBroker(address)
  const { tls } = connectionOptions(config)
  const times = { connectTimeout: askMs, requestTimeout: askMs }
  const connection = new Connection('footfall-probe', {
    ...times,
    ...(tls && { tls: { ...tls, servername: serverName(host) } }),
  })
  let alert: Error | undefined
  connection.on('error', error => {
    alert = error
  })
  try {
    await connection.connect(host, port)
    const { mechanisms = [] } = await saslHandshakeV1.api.async(connection, security.sasl?.mechanism ?? 'PLAIN')
    return security.sasl === undefined ? asksForSasl(address, mechanisms, security) : undefined
  } catch (error) {
    return refusal(config, alert, address) ?? refusal(config, error, address)
  } finally {
    await connection.close()
  }
}
