import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appendTo, doorOf, stageOf } from '../../simulation/stage.ts'

test('a partition that is given to another goes; one that is kept stays', async () => {
  const { run, until } = stageOf(2)
  const loop = run()
  loop.assign([0, 1])
  const phaseOf = (partition: number) => loop.partitions.get(partition)?.phase
  await until('both are open', () => phaseOf(0) === 'open' && phaseOf(1) === 'open')
  loop.assign([1])
  await until('the one is gone', () => !loop.partitions.has(0))
  assert.equal(phaseOf(1), 'open')
})

test('a partition that comes back before it has gone is read from the ledger again', async () => {
  const stage = stageOf(1)
  const { broker, store, until } = stage
  const door = doorOf()
  store.settle = async () => {
    await door.pass()
    throw new Error('is not asked to go on')
  }
  appendTo(broker.topic.partitions[0]!)
  const loop = stage.run()
  loop.assign([0])
  await until('a batch is on the way', () => door.isReached)
  const partition = loop.partitions.get(0)!
  const { fold } = partition
  loop.assign([])
  assert.equal(partition.phase, 'leaving')
  loop.assign([0])
  await until('it is open again', () => partition.phase === 'open')
  assert.notEqual(partition.fold, fold)
})

test('while an answer is folded the next one is asked for, of what follows it', async () => {
  const stage = stageOf(1)
  const { broker, log: reader, until } = stage
  const log = broker.topic.partitions[0]!
  for (let left = 30; left > 0; left--) appendTo(log)
  const { fetch } = reader
  const asked: { readonly offset: number; readonly next: number }[] = []
  reader.fetch = wants => {
    asked.push({ offset: wants[0]!.offset, next: loop.partitions.get(0)!.fold!.next })
    return fetch(wants)
  }
  const loop = stage.run()
  loop.assign([0])
  await until('all is folded', () => loop.partitions.get(0)!.fold?.next === log.stableEnd)
  assert.ok(asked.some(({ offset, next }) => offset > next))
  const offsets = asked.map(({ offset }) => offset)
  assert.deepEqual(
    offsets,
    offsets.toSorted((a, b) => a - b),
    'nothing is asked for twice but what has not come',
  )
})

test('what bad records take in bytes is read ahead only as far as there is room', async () => {
  const stage = stageOf(1)
  const { broker, store, time, until, bounds } = stage
  for (let left = 150; left > 0; left--) appendTo(broker.topic.partitions[0]!)
  store.settle = () => new Promise(() => {})
  const loop = stage.run()
  loop.assign([0])
  const cost = () => loop.partitions.get(0)!.pendingCost
  await until('there is no room', () => cost() >= 0.75 * bounds.pendingRecordsMax)
  const [full, untilMs] = [cost(), time.nowMs() + 5_000]
  await until('nothing is read for a while', () => time.nowMs() > untilMs)
  assert.equal(cost(), full)
  assert.ok(loop.partitions.get(0)!.pendingRecords < 0.75 * bounds.pendingRecordsMax)
})
