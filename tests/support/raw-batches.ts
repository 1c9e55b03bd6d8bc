/** Record batches sent as the bytes that they are: what no client would make. */
import type { TestContext } from 'node:test'
import { openWriter } from '../../src/kafka/writer.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import { closing, settingsFor, sharedKafka } from './environment.ts'

/** @returns sends one batch to a partition, and throws where the broker refuses it. */
export function rawSender(test: TestContext, topic: string): (partition: number, batch: Buffer) => Promise<void> {
  const nowhere = parseConfig({}).postgres
  const config = parseConfig(settingsFor(sharedKafka(), nowhere, topic))
  const writer = openWriter(config, createLog('tests', 'silent'), 'tests', 1)
  closing(test, () => writer.close(0))
  return async (partition, batch) => {
    const code = await writer.produce(partition, batch, 0, () => {})
    if (code !== 0) throw new Error(`the broker refused a batch for partition ${partition} with error code ${code}`)
  }
}
