/** The request that puts a record batch into a partition, waiting for all in-sync replicas, and what the leader answers. */
import {
  Writer as Bytes,
  createAPI,
  produceV9,
  protocolErrorsCodesById,
  type Reader,
  ResponseError,
} from '@platformatic/kafka'

export interface Produced {
  /** The broker's error code, 0 when written. */
  readonly code: number
  /** Of the first record. */
  readonly offset: number
  /** Its append time; -1 where the topic has the senders' times. */
  readonly appendedMs: number
}

const allReplicas = -1

/** Produce v9 (Kafka 2.8 to 4.x) for one partition, with a record batch that is encoded already. */
export const produce = createAPI<[topic: string, partition: number, batch: Buffer, timeoutMs: number], Produced>(
  0,
  9,
  (topic: string, partition: number, batch: Buffer, timeoutMs: number) =>
    Bytes.create()
      .appendString(null) // no transaction
      .appendInt16(allReplicas)
      .appendInt32(timeoutMs)
      .appendArray([topic], (topics, name) =>
        topics.appendString(name).appendArray([batch], (partitions, bytes) =>
          partitions
            .appendInt32(partition)
            .appendUnsignedVarInt(bytes.length + 1)
            .append(bytes),
        ),
      )
      .appendTaggedFields(),
  (correlationId: number, apiKey: number, apiVersion: number, reader: Reader) => {
    const response = answered(() => produceV9.parseResponse(correlationId, apiKey, apiVersion, reader))
    const { errorCode, baseOffset, logAppendTimeMs } = response.responses[0]!.partitionResponses[0]!
    return { code: errorCode, offset: Number(baseOffset), appendedMs: Number(logAppendTimeMs) }
  },
)

/** As Kafka calls it. */
export const errorName = (code: number): string =>
  protocolErrorsCodesById[code as keyof typeof protocolErrorsCodesById] ?? `error ${code}`

/** The library throws what a broker answered when it is an error; its code is what we want to see. */
function answered(parse: () => produceV9.ProduceResponse): produceV9.ProduceResponse {
  try {
    return parse()
  } catch (error) {
    if (error instanceof ResponseError) return error['response'] as produceV9.ProduceResponse
    throw error
  }
}
