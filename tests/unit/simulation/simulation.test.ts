import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Partition } from '../../../src/consumer/partition.ts'
import { type Planted, replay, simulate, told } from '../../simulation/schedules.ts'
import { inTransactions, plain } from '../../simulation/vocabulary.ts'
import { kernelsOf, World } from '../../simulation/world.ts'
import { plainJudge } from '../../support/plain-judge.ts'

const hourMs = 3_600_000

test('a seed is a schedule: the same steps and the same trace, whatever ran before it', async () => {
  const first = await replay(7)
  await simulate(1, 5)
  const again = await replay(7)
  assert.equal(again.hash, first.hash)
  assert.deepEqual(again.story, first.story)
  assert.notEqual((await replay(8)).hash, first.hash)
})

test('a schedule has the same steps and the same trace by the compiled fold as by the plain one', async () => {
  for (let seed = 1; seed <= 150; seed++) {
    const [compiled, plain] = await Promise.all([
      new World(seed, () => {}, false, undefined, kernelsOf.compiled).run(),
      new World(seed, () => {}, false, undefined, kernelsOf.plain).run(),
    ])
    assert.equal(compiled.failure, undefined)
    assert.deepEqual(compiled, plain)
  }
})

/** Found within so many schedules. */
const schedules = 150

const defects: Readonly<Record<string, Planted>> = {
  'row locks that keep nobody out': ({ tables }) => {
    tables.holder = () => undefined
  },
  'counts that land although the rest of their transaction did not': server => {
    const { rollback } = server
    server.rollback = function (transaction) {
      for (const write of transaction.writes.slice(0, 1)) write()
      rollback.call(this, transaction)
    }
  },
  'a settle that moves no ledger row': ({ tables }) => {
    tables.put = () => {}
  },
  'a window that is read without its latest ids': server => {
    const { read } = server
    server.read = function (partition) {
      const opened = read.call(this, partition)
      const ids = opened?.standing.ids.slice(0, -1) ?? []
      return opened && { ...opened, standing: { ...opened.standing, ids } }
    }
  },
  'a log that forgets which transactions were rolled back': (_server, broker) => {
    for (const log of broker.topic.partitions) log.aborted = () => []
  },
}

test('what is thrown where nobody waits fails the schedule it was thrown in', async () => {
  // In a thread of its own: the test runner takes such errors for its own.
  const schedules = JSON.stringify(new URL('../../simulation/schedules.ts', import.meta.url))
  const program = `
    import { parentPort } from 'node:worker_threads'
    import { simulate } from ${schedules}
    const { failed } = await simulate(1, 3, () => void Promise.reject(new Error('nobody waits for this')))
    parentPort.postMessage(failed)`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`))
  const [failed] = (await once(worker, 'message')) as [{ seed: number; failure: string }[]]
  assert.deepEqual(
    failed.map(({ seed }) => seed),
    [1],
  )
  assert.match(failed[0]!.failure, /^thrown where nobody waits: .*nobody waits for this/)
})

for (const [what, planted] of Object.entries(defects)) {
  test(`the simulator finds ${what}`, async () => {
    const { failed } = await simulate(1, schedules, planted)
    assert.ok(failed.length > 0, `not within ${schedules} schedules`)
  })
}

test('the simulator finds a partition that keeps what it should have forgotten', async t => {
  const { drop } = Partition.prototype
  t.after(() => {
    Partition.prototype.drop = drop
  })
  Partition.prototype.drop = function (nowMs) {
    const { settling } = this
    drop.call(this, nowMs)
    this.settling = settling
  }
  const { opened } = Partition.prototype
  t.after(() => {
    Partition.prototype.opened = opened
  })
  Partition.prototype.opened = function (...how) {
    const { settling } = this
    opened.apply(this, how)
    this.settling = settling
  }
  const { failed } = await simulate(1, schedules, () => {})
  assert.ok(failed.length > 0)
})

test('a schedule that fails is told: why, how to see it again, and its last steps', async () => {
  const planted = defects['a settle that moves no ledger row']!
  const { failed } = await simulate(1, schedules, planted)
  const { seed } = failed[0]!
  const text = await told(seed, 20, planted)
  assert.match(text, new RegExp(`^schedule ${seed} failed after \\d+ steps, trace [0-9a-f]{8}: `))
  assert.match(text, new RegExp(`^again: npm run simulate -- --seed ${seed} --count 1$`, 'm'))
  assert.equal(text.split('\n').length, 23)
})

test('what the simulator knows of its records is what the plain judge says of them', () => {
  const limits = { maxAgeDays: 1, maxAheadMinutes: 60 }
  for (const { words } of [...plain, ...inTransactions]) {
    for (const { value, meaning } of words) {
      if (value === null || meaning.is === 'null') {
        assert.equal(value, null)
        continue
      }
      const verdict = plainJudge(value, -1, limits)
      if (meaning.is === 'bad') {
        assert.deepEqual(verdict, { reason: meaning.reason, pointer: meaning.pointer })
        continue
      }
      assert.ok('userId' in verdict)
      assert.equal(meaning.row, `${verdict.userId}|${verdict.date}|${verdict.itemId}`)
      for (const [ms, reason] of [
        [24 * hourMs, undefined],
        [24 * hourMs + 1, 'too_old'],
        [-hourMs, undefined],
        [-hourMs - 1, 'too_far_ahead'],
      ] as const) {
        const aged = plainJudge(value, meaning.instant + ms, limits)
        assert.equal('reason' in aged ? aged.reason : undefined, reason)
      }
    }
  }
})
