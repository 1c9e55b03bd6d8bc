/** Nothing but bad records: many small ones, some as large as Kafka takes, and large ones that came compressed. */
import kafkajs from 'kafkajs'
import { closing, type Lifetime } from '../support/environment.ts'
import { foreignClient } from '../support/foreign.ts'
import { type Arena, openArena } from './arena.ts'
import type { Limit } from './limit.ts'

/** Below message.max.bytes of a broker by default, 1,048,588. */
const largeBytes = 1_000_000
const large = 100
const small = 200_000
/** Of a megabyte each, which compress to next to nothing. */
const inflated = 200
const perBatch = 50

export const bad: Limit = {
  name: 'bad',
  about: `${small} small bad records, ${large} of a megabyte, and ${inflated} of a megabyte in compressed batches of ${perBatch}`,
  run: async (lifetime, scale) => {
    const arena = await openArena(lifetime)
    arena.trickle()
    await arena.send(badRecords(Math.round(scale * small), Math.ceil(scale * large)))
    await sendCompressed(lifetime, arena, Math.ceil((scale * inflated) / perBatch))
    return arena.finish(performance.now())
  },
}

function* badRecords(small: number, large: number) {
  const every = Math.floor(small / large)
  for (let n = 0; n < small; n++) {
    const text = n % every === 0 ? 'x'.repeat(largeBytes) : `{"user_id":"nobody ${n}"}`
    yield { event: undefined, key: null, value: Buffer.from(text), partition: n % 3 }
  }
}

async function sendCompressed(lifetime: Lifetime, { topic, sentBad }: Arena, batches: number): Promise<void> {
  const producer = foreignClient().producer({ allowAutoTopicCreation: false })
  await producer.connect()
  closing(lifetime, () => producer.disconnect())
  const value = Buffer.alloc(largeBytes, 'x')
  for (let batch = 0; batch < batches; batch++) {
    const messages = Array.from({ length: perBatch }, () => ({ value, partition: batch % 3 }))
    await producer.send({ topic, messages, acks: -1, compression: kafkajs.CompressionTypes.GZIP })
    sentBad(perBatch)
  }
}
