/** Rights (ACLs) that the brokers do not give us: who we are to them, what is missing, and what to allow. */
import { findErrorBy } from '@platformatic/kafka'
import type { Config } from '../runtime/config.ts'
import { certificatesOf } from '../runtime/pem.ts'
import { Refused, refusal } from './refusal.ts'

export type Operation = 'CREATE' | 'DESCRIBE' | 'DESCRIBE_CONFIGS' | 'READ' | 'WRITE'

/** As ACLs name us, unless the brokers have rules of their own for that (ssl.principal.mapping.rules and the like). */
export function principalOf({ kafka: { security } }: Config): string {
  if (security.sasl !== undefined) return `User:${security.sasl.username}`
  if (security.tls?.certificate === undefined) return 'User:ANONYMOUS'
  // RFC 2253: the most special part first.
  return `User:${certificatesOf(security.tls.certificate)[0]!.subject.split('\n').reverse().join(',')}`
}

/** @param resource as `topic NAME` or `group NAME`. */
export function mayNot(config: Config, deed: string, operation: Operation, resource: string): string {
  return `${principalOf(config)} may not ${deed}: allow ${operation} on ${resource}`
}

export const isForbidden = (error: unknown): boolean =>
  ['TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED', 'GROUP_AUTHORIZATION_FAILED'].some(
    refusal => findErrorBy(error as Error, 'apiId', refusal) !== null,
  )

/**
 * What brokers answered a role that works on the topic, in words: `operation` is the right that its work takes, which
 * implies the right to see the topic.
 * @returns Refused where a person has to mend something, else the error as it came.
 */
export function inWords(config: Config, error: unknown, operation: 'READ' | 'WRITE'): Error {
  const { topic, group } = config.kafka
  const deed = operation === 'READ' ? 'read from' : 'write to'
  if (findErrorBy(error as Error, 'apiId', 'GROUP_AUTHORIZATION_FAILED') !== null) {
    return new Refused(mayNot(config, `join group ${group}`, 'READ', `group ${group}`), { cause: error })
  }
  // A producer id is the cluster's to give, and it gives one to whoever may write somewhere.
  if (isForbidden(error)) {
    return new Refused(mayNot(config, `${deed} topic ${topic}`, operation, `topic ${topic}`), { cause: error })
  }
  const sentence = refusal(config, error)
  return sentence === undefined ? (error as Error) : new Refused(sentence, { cause: error })
}
