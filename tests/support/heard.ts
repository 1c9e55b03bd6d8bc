/** A consumer in this process, and what it says of itself. */
import { startConsumer } from '../../src/consumer/consumer.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import type { Event } from '../../src/runtime/events.ts'
import type { Running } from '../../src/runtime/lifecycle.ts'
import { createLog } from '../../src/runtime/log.ts'
import type { Place } from './counting.ts'
import { closing, type Lifetime, settingsFor, sharedKafka } from './environment.ts'

export interface Line {
  readonly event: Event
  readonly why?: string
  readonly partition?: number
  readonly partitions?: readonly number[]
  readonly offset?: number
  readonly trace_id?: string
}

export interface Heard extends Running {
  readonly lines: readonly Line[]
  /** Its lines of this event, oldest first. */
  readonly said: (event: Event) => readonly Line[]
  /** The partitions that the group gave it last. */
  readonly assigned: () => readonly number[]
}

export async function startHeard(test: Lifetime, place: Place, level = 'info'): Promise<Heard> {
  const { topic, database, kafka = sharedKafka(), settings = {} } = place
  const lines: Line[] = []
  const log = createLog('tests', level, line => lines.push(JSON.parse(line)))
  const running = await startConsumer(parseConfig({ ...settingsFor(kafka, database, topic), ...settings }), log)
  closing(test, () => running.stop())
  const said = (event: Event) => lines.filter(line => line.event === event)
  return { ...running, lines, said, assigned: () => said('partitions_assigned').at(-1)?.partitions ?? [] }
}
