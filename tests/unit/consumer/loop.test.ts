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
