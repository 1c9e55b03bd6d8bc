/**
 * A consumer's core on a simulated log and simulated tables, where a test decides what happens and the dice only when:
 * for moments that have a name. Its parts can be replaced before it runs.
 */
import assert from 'node:assert/strict'
import type { Core } from '../../src/consumer/core.ts'
import { Loop } from '../../src/consumer/loop.ts'
import { Partition } from '../../src/consumer/partition.ts'
import { Signal } from '../../src/consumer/signal.ts'
import { kernelPool } from '../../src/kernel/kernels.ts'
import type { Event } from '../../src/runtime/events.ts'
import { Broker } from './broker.ts'
import { Dice } from './dice.ts'
import type { PartitionLog } from './partition-log.ts'
import { Host, Scheduler } from './scheduler.ts'
import { Server } from './store.ts'
import { Tables } from './tables.ts'

const rules = { version: 1, judgeVersion: 2, maxAgeDays: 1, maxAheadMinutes: 60, windowHours: 1, windowIdsMax: 9 }
const stepsMax = 5_000

/** @param partitions that the topic has, each with a ledger row that begins at its log's start. */
export function stageOf(partitions: number, seed = 1) {
  const scheduler = new Scheduler(new Dice(`stage ${seed}`))
  scheduler.jumps = 0 // no transaction takes so long that the server ends it
  const broker = new Broker(scheduler, partitions)
  const tables = new Tables()
  tables.rules.push(rules)
  const server = new Server(tables, scheduler, new Host(0, 'outside'), () => {})
  for (const [partition, { start }] of broker.topic.partitions.entries())
    server.begin(broker.topic.id, partition, start)
  const host = new Host(1, 'consumer')
  const time = scheduler.timeOf(host)
  const said: Event[] = []
  const stage = {
    ...{ broker, tables, server, said },
    /** How often a settle found its partition overtaken. */
    overtaken: 0,
    log: broker.logOf(host),
    store: server.storeOf(host),
    installation: { idKey: Buffer.from('sixteen bytes ok'), rules },
    bounds: { batchBytesMax: 1 << 20, pendingRecordsMax: 100 },
    time,
    logger: (event: Event) => void said.push(event),
    kernels: kernelPool(),
    observer: {
      ...{ read() {}, settled() {}, transaction() {}, fault() {} },
      overtaken() {
        stage.overtaken += 1
      },
    },
    /** Runs the whole of it. */
    run(): Loop {
      const { log, store, installation, bounds, logger, observer, kernels } = stage
      const loop = new Loop(log, store, installation, bounds, logger, observer, time, kernels)
      void loop.run()
      return loop
    },
    /** What a part of it needs that runs alone. */
    core(): Core {
      const held = new Map([...broker.topic.partitions.keys()].map(number => [number, new Partition(number)]))
      return { ...stage, partitions: held, reading: new Signal(time), settling: new Signal(time) }
    },
    /** Lets things happen, one after another, until it is so. */
    async until(what: string, condition: () => boolean): Promise<void> {
      for (let steps = 0; !condition(); steps++) {
        assert.ok(steps < stepsMax, `not within ${stepsMax} steps: ${what}`)
        scheduler.step()
        await new Promise(resolve => setImmediate(resolve))
      }
    },
  }
  return stage
}

/** Appends until there is more to be read. */
export function appendTo(log: PartitionLog): void {
  const { stableEnd } = log
  while (log.stableEnd === stableEnd) {
    log.append(0)
    while (log.endTransaction());
  }
}

/** A door in the way of whoever passes, until the test opens it. */
export function doorOf() {
  const { promise, resolve } = Promise.withResolvers<void>()
  const door = {
    isReached: false,
    open: () => resolve(),
    pass(): Promise<void> {
      door.isReached = true
      return promise
    },
  }
  return door
}
