import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Opener } from '../../../src/consumer/opener.ts'
import { appendTo, doorOf, stageOf } from '../../simulation/stage.ts'
import { plain } from '../../simulation/vocabulary.ts'

const goodWord = plain.flatMap(({ words }) => words).find(({ meaning }) => meaning.is === 'event')!

test('a partition that a recreated topic lacks is halted, also by a consumer whose own was halted before', async () => {
  const { broker, tables, server, run, until } = stageOf(2)
  const loop = run()
  loop.assign([0])
  const { standing } = server.read(0)!
  server.halt(standing, { reason: 'trimmed', from: 0, to: 0, detail: 'for this test' })
  await until('partition 0 rests', () => loop.partitions.get(0)?.phase === 'halted')
  broker.recreate(1)
  await until('partition 1 is halted', () => tables.current(1)?.state === 'halted')
  assert.equal(tables.current(1)?.halt?.reason, 'recreated')
})

test('a partition that a recreated topic lacks is halted, also where nothing else was counted before', async () => {
  const { broker, tables, run, until } = stageOf(2)
  run().assign([0])
  tables.ledger.delete(`${broker.topic.id}/0/1`)
  broker.recreate(1)
  await until('partition 1 is halted', () => tables.current(1)?.state === 'halted')
})

test('a halt is asked for when all that was read before it is in the tables', async () => {
  // How much an answer holds is left to chance: in most of these runs the trouble comes in one with good records.
  for (let seed = 1; seed <= 12; seed++) {
    const stage = stageOf(1, seed)
    const { tables, store, until } = stage
    const log = stage.broker.topic.partitions[0]!
    for (let batches = 0; batches < 3; batches++) appendTo(log)
    const damaged = log.batches.at(-1)!
    damaged.bytes = Buffer.from(damaged.sound)
    damaged.bytes[damaged.bytes.length - 1]! ^= 0x55
    const { halt } = store
    const asked: (readonly [at: number, ledger: number])[] = []
    store.halt = (at, why) => {
      asked.push([at.nextOffset, tables.current(0)!.next])
      return halt(at, why)
    }
    stage.run().assign([0])
    await until('the partition is halted', () => tables.current(0)?.state === 'halted')
    assert.deepEqual(asked, [[damaged.first, damaged.first]], `seed ${seed}: place and ledger`)
  }
})

test('a repair is asked for when all that was read before it is in the tables', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const stage = stageOf(1, seed)
    const { broker, tables, store, until } = stage
    const log = broker.topic.partitions[0]!
    for (let batches = 0; batches < 2; batches++) appendTo(log)
    const at = log.end
    log.appendRepair(goodWord, `${broker.topic.id}/0/1/${log.start}`)
    const { origins } = store
    const asked: (readonly [at: number, ledger: number])[] = []
    store.origins = (fold, origin) => {
      asked.push([fold.nextOffset, tables.current(0)!.next])
      return origins(fold, origin)
    }
    stage.run().assign([0])
    await until('all is counted', () => tables.current(0)?.next === log.end)
    assert.deepEqual(asked, [[at, at]], `seed ${seed}: place and ledger`)
  }
})

test('a trouble that only one connection shows halts nothing', async () => {
  const stage = stageOf(1)
  const { broker, tables, log, said, until } = stage
  appendTo(broker.topic.partitions[0]!)
  const { fetch } = log
  log.fetch = async wants => {
    const fetched = await fetch(wants)
    if (said.includes('trouble_gone')) return fetched
    return fetched.map(one => {
      const { offset: from } = one.want
      return { ...one, trouble: { reason: 'diverged', from, to: from, detail: 'as a broker says that fell behind' } }
    })
  }
  stage.run().assign([0])
  const end = broker.topic.partitions[0]!.stableEnd
  await until('all is counted', () => tables.current(0)?.next === end || tables.current(0)?.state === 'halted')
  assert.equal(tables.current(0)?.state, 'open')
})

test('a partition that is taken away while it is being opened is not opened', async () => {
  const stage = stageOf(1)
  const { log, until } = stage
  const { isCompacted } = log
  const door = doorOf()
  log.isCompacted = async () => {
    await door.pass()
    return isCompacted()
  }
  const core = stage.core()
  const partition = core.partitions.get(0)!
  new Opener(core).openDue()
  await until('its log is looked at', () => door.isReached)
  partition.phase = 'leaving'
  let isOver = false
  void core.reading.wait(60_000).then(() => {
    isOver = true
  })
  door.open()
  await until('the opening is over', () => isOver)
  assert.equal(partition.phase, 'leaving')
  assert.deepEqual(stage.said, [])
})

test('other rules of the same version, as after an older database was put back, end a consumer', async () => {
  const { tables, run, until } = stageOf(1)
  tables.rules[0] = { ...tables.rules[0]!, maxAgeDays: 2 }
  const loop = run()
  loop.assign([0])
  let why = 'nothing'
  loop.run().catch((error: Error) => {
    why = error.message
  })
  await until('the consumer has ended', () => why !== 'nothing')
  assert.match(why, /^the rules were changed while this consumer ran: MAX_EVENT_AGE_DAYS from 1 to 2/)
})
