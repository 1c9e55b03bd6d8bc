import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Batch, costOfBatch } from '../../../src/consumer/batch.ts'
import { StoreFault } from '../../../src/consumer/store.ts'
import { appendTo, doorOf, stageOf } from '../../simulation/stage.ts'

test('after a batch that was overtaken the partition is read again, before anything else of it is settled', async () => {
  const stage = stageOf(1)
  const { broker, tables, until } = stage
  const log = broker.topic.partitions[0]!
  const loop = stage.run()
  loop.assign([0])
  const partition = () => loop.partitions.get(0)!
  await until('it is open', () => partition().phase === 'open')
  const { fold } = partition()
  tables.put({ ...tables.current(0)!, tail: { epoch: 9, crc: 9 } }) // another history came to the same offset
  appendTo(log)
  await until('it is overtaken', () => stage.overtaken > 0)
  assert.notEqual(partition().fold, fold)
})

test('a batch that PostgreSQL refuses for its values halts its partition, and the other is counted on', async () => {
  const stage = stageOf(2)
  const { broker, tables, server, until } = stage
  const [bad, good] = broker.topic.partitions
  for (const log of [bad!, good!]) appendTo(log)
  server.trouble.poison = { partition: 0, offset: bad!.start }
  stage.run().assign([0, 1])
  await until('the one is halted', () => tables.current(0)?.state === 'halted')
  assert.equal(tables.current(0)?.halt?.reason, 'refused')
  assert.equal(tables.current(0)?.next, bad!.start)
  await until('the other is counted', () => tables.current(1)?.next === good!.stableEnd)
})

test('a batch without an answer is settled again unchanged, whatever came since, and not told as settled', async () => {
  const stage = stageOf(1)
  const { broker, tables, store, until } = stage
  const log = broker.topic.partitions[0]!
  const tried: Batch[] = []
  const door = doorOf()
  store.settle = async ([batch]) => {
    tried.push(batch!)
    await door.pass()
    throw new StoreFault('connection', undefined, 'the way is lost')
  }
  appendTo(log)
  const loop = stage.run()
  loop.assign([0])
  await until('a batch is on the way', () => door.isReached)
  appendTo(log)
  const partition = loop.partitions.get(0)!
  await until('more is folded', () => partition.fold?.next === log.stableEnd)
  door.open()
  await until('it is tried again', () => tried.length === 3)
  assert.equal(tried[1], tried[0])
  assert.equal(tried[2], tried[0])
  assert.equal(partition.lag.nextOffset, tables.current(0)?.next)
})

test('what was folded of a partition that is taken away is settled before it goes', async () => {
  const stage = stageOf(1)
  const { broker, tables, store, until } = stage
  const log = broker.topic.partitions[0]!
  const { settle } = store
  const door = doorOf()
  store.settle = async batches => {
    await door.pass()
    return settle(batches)
  }
  const loop = stage.run()
  loop.assign([0])
  appendTo(log)
  await until('a batch is on the way', () => door.isReached)
  appendTo(log)
  const { fold } = loop.partitions.get(0)!
  await until('more is folded', () => fold!.next === log.stableEnd)
  loop.assign([])
  door.open()
  await until('it is gone', () => loop.partitions.size === 0)
  assert.equal(tables.current(0)?.next, log.stableEnd)
})

test('while more of the log waits than was read a batch grows, for a second; without a backlog it is settled at once', async () => {
  const stage = stageOf(1)
  const { broker, log: reader, store, time, until } = stage
  const log = broker.topic.partitions[0]!
  for (let left = 40; left > 0; left--) appendTo(log)
  const { fetch } = reader
  const door = doorOf()
  let answers = 0
  reader.fetch = async wants => {
    answers += 1
    if (answers > 2) await door.pass()
    return fetch(wants)
  }
  const { settle } = store
  let readMs = 0
  stage.observer.read = () => {
    readMs = time.nowMs()
  }
  const settles: { readonly to: number; readonly fromMs: number; toMs: number }[] = []
  store.settle = async batches => {
    const one = { to: batches[0]!.to, fromMs: time.nowMs(), toMs: 0 }
    settles.push(one)
    const outcomes = await settle(batches)
    one.toMs = time.nowMs()
    return outcomes
  }
  stage.run().assign([0])
  await until('the second answer is settled, and the third is awaited', () => settles.length === 2 && door.isReached)
  const [first, second] = settles
  assert.ok(first!.to < second!.to && log.stableEnd - second!.to > second!.to - first!.to, 'much is left to be read')
  assert.ok(second!.fromMs >= first!.toMs + 1_000, `${second!.fromMs - first!.toMs} ms after the first`)
  assert.ok(second!.fromMs < first!.toMs + 1_500, `${second!.fromMs - first!.toMs} ms after the first`)
  door.open()
  await until('all is settled', () => settles.at(-1)!.to === log.stableEnd && settles.at(-1)!.toMs > 0)
  appendTo(log)
  await until('what has come is settled', () => settles.at(-1)!.to === log.stableEnd)
  assert.ok(settles.at(-1)!.fromMs < readMs + 10, `${settles.at(-1)!.fromMs - readMs} ms after it was read`)
})

test('a batch grows only as far as there is room: as much again can be read while it is settled', async () => {
  const stage = stageOf(1)
  const { broker, store, time, until } = stage
  const log = broker.topic.partitions[0]!
  for (let left = 150; left > 0; left--) appendTo(log)
  const { settle } = store
  const settles: { readonly room: number; readonly waitedMs: number }[] = []
  let settledMs = 0
  store.settle = async batches => {
    const batch = batches[0]!
    const taken = Math.max(batch.to - batch.from, costOfBatch(batch))
    settles.push({ room: taken / stage.bounds.pendingRecordsMax, waitedMs: time.nowMs() - settledMs })
    const outcomes = await settle(batches)
    settledMs = time.nowMs()
    return outcomes
  }
  stage.run().assign([0])
  await until('it is counted', () => settles.length > 5)
  const grown = settles.slice(1, 5)
  const isFull = ({ room, waitedMs }: (typeof grown)[0]) => room >= 0.375 && waitedMs < 900
  assert.ok(grown.filter(isFull).length >= 2, JSON.stringify(grown))
})
