/**
 * One record into the topic, and where it lies then. It is tried once: who sends by hand is told what became of it, and a
 * record that is sent again would be another record.
 */
import { randomInt } from 'node:crypto'
import { Base } from '@platformatic/kafka'
import type { Config } from '../runtime/config.ts'
import { clusterOptions, openClient } from './cluster.ts'
import { partitionOf } from './murmur2.ts'
import { errorName, produce } from './produce.ts'
import { encodeRecordBatch, type OutgoingRecord } from './record-batch.ts'
import { mayNot } from './rights.ts'

export interface Written {
  readonly partition: number
  readonly offset: number
  /** The broker's append time, or ours where the topic has the senders' times. */
  readonly appendedMs: number
}

/** The record is not in the log; the message says why. */
export class NotWritten extends Error {}

/** It repeats nothing, so a broker need not know who it is. */
const nobody = { producerId: -1n, producerEpoch: -1, sequence: -1 }

/**
 * @param role see clusterOptions.
 * @throws NotWritten; or what the brokers or the network answered, and then it may be written all the same.
 */
export async function writeOne(config: Config, role: string, record: OutgoingRecord): Promise<Written> {
  const options = clusterOptions(config, role)
  const client = openClient(options, options => new Base({ ...options, retries: 0 }))
  const { topic } = config.kafka
  try {
    const { brokers, topics } = await client.metadata({ topics: [topic], forceUpdate: true })
    const partitions = topics.get(topic)?.partitions ?? []
    if (partitions.length === 0) throw new NotWritten(`there is no topic ${topic}`)
    const { length } = partitions
    const partition = record.key === null ? randomInt(length) : partitionOf(record.key, length)
    const leader = brokers.get(partitions[partition]?.leader ?? -1)
    if (leader === undefined) throw new NotWritten(`partition ${partition} of topic ${topic} has no leader now`)
    const connection = await client.connections.get(leader)
    const nowMs = Date.now()
    const batch = encodeRecordBatch([record], nobody, nowMs)
    const { code, offset, appendedMs } = await produce.async(connection, topic, partition, batch, options.timeout)
    if (code !== 0) throw new NotWritten(whyNot(config, code))
    return { partition, offset, appendedMs: appendedMs < 0 ? nowMs : appendedMs }
  } finally {
    // A broker that hangs would keep a polite close waiting.
    for (const [, connection] of client.connections) connection.socket?.destroy()
    await client.close()
  }
}

function whyNot(config: Config, code: number): string {
  const resource = `topic ${config.kafka.topic}`
  return errorName(code) === 'TOPIC_AUTHORIZATION_FAILED'
    ? mayNot(config, `write to ${resource}`, 'WRITE', resource)
    : `Kafka does not take the record: ${errorName(code)}`
}
