import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Loop } from '../../../src/consumer/loop.ts'
import { Broker } from '../../simulation/broker.ts'
import { Dice } from '../../simulation/dice.ts'
import { Host, Scheduler } from '../../simulation/scheduler.ts'
import { Server } from '../../simulation/store.ts'
import { Tables } from '../../simulation/tables.ts'

const rules = { version: 1, judgeVersion: 2, maxAgeDays: 1, maxAheadMinutes: 60, windowHours: 1, windowIdsMax: 9 }
const bounds = { batchBytesMax: 1 << 20, pendingRecordsMax: 100 }

/** A consumer with partition 0, in simulated time, over a ledger that has partition 1 as well. */
function oneOfTwo() {
  const scheduler = new Scheduler(new Dice('opener'))
  const broker = new Broker(scheduler, 2)
  const tables = new Tables()
  tables.rules.push(rules)
  const server = new Server(tables, scheduler, new Host(0, 'outside'), () => {})
  for (const partition of [0, 1]) server.begin(broker.topic.id, partition, broker.topic.partitions[partition]!.start)
  const host = new Host(1, 'consumer')
  const observer = { read() {}, settled() {}, transaction() {}, overtaken() {}, fault() {} }
  const installation = { idKey: Buffer.from('sixteen bytes ok'), rules }
  const time = scheduler.timeOf(host)
  const loop = new Loop(broker.logOf(host), server.storeOf(host), installation, bounds, () => {}, observer, time)
  void loop.run()
  loop.assign([0])
  const until = async (what: string, condition: () => boolean) => {
    for (let steps = 0; !condition(); steps++) {
      assert.ok(steps < 2_000, `not within 2000 steps: ${what}`)
      scheduler.step()
      await new Promise(resolve => setImmediate(resolve))
    }
  }
  return { broker, tables, server, loop, until }
}

test('a partition that a recreated topic lacks is halted, also by a consumer whose own was halted before', async () => {
  const { broker, tables, server, loop, until } = oneOfTwo()
  const { standing } = server.read(0)!
  server.halt(standing, { reason: 'trimmed', from: 0, to: 0, detail: 'for this test' })
  await until('partition 0 rests', () => loop.partitions.get(0)?.phase === 'halted')
  broker.recreate(1)
  await until('partition 1 is halted', () => tables.current(1)?.state === 'halted')
  assert.equal(tables.current(1)?.halt?.reason, 'recreated')
})

test('a partition that a recreated topic lacks is halted, also where nothing else was counted before', async () => {
  const { broker, tables, until } = oneOfTwo()
  tables.ledger.delete(`${broker.topic.id}/0/1`)
  broker.recreate(1)
  await until('partition 1 is halted', () => tables.current(1)?.state === 'halted')
})
