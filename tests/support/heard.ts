/** A consumer in this process, and what it says of itself. */
import type { TestContext } from 'node:test'
import { pino } from 'pino'
import { startConsumer } from '../../src/consumer/consumer.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import type { Running } from '../../src/runtime/lifecycle.ts'
import type { Place } from './counting.ts'
import { closing, settingsFor, sharedKafka } from './environment.ts'

export interface Line {
  readonly msg: string
  readonly err?: string
  readonly partition?: number
  readonly partitions?: readonly number[]
  readonly offset?: number
}

export interface Heard extends Running {
  readonly lines: readonly Line[]
  /** Its lines with this message, oldest first. */
  readonly said: (msg: string) => readonly Line[]
  /** The partitions that the group gave it last. */
  readonly assigned: () => readonly number[]
}

export async function startHeard(test: TestContext, place: Place): Promise<Heard> {
  const { topic, database, kafka = sharedKafka(), settings = {} } = place
  const lines: Line[] = []
  const log = pino({ level: 'info' }, { write: line => void lines.push(JSON.parse(line)) })
  const running = await startConsumer(parseConfig({ ...settingsFor(kafka, database, topic), ...settings }), log)
  closing(test, () => running.stop())
  const said = (msg: string) => lines.filter(line => line.msg === msg)
  return { ...running, lines, said, assigned: () => said('partitions assigned').at(-1)?.partitions ?? [] }
}
