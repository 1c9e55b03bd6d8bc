import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keep, type Part } from '../../../src/stack/keep.ts'

test('a part that ends unasked is started again, and the pause doubles up to 5 s while it fails', async () => {
  const told: string[] = []
  const paused: number[] = []
  const all = Promise.withResolvers<void>()
  const wait = async (ms: number) => void paused.push(ms)
  const again = async () => {
    const part = fake()
    if (paused.length < 7) part.end('ended with code 1')
    else all.resolve()
    return part
  }
  const part = fake()
  const kept = keep({ part, again, wait, tell: what => told.push(what) })

  part.end('was ended by SIGKILL')
  await all.promise

  assert.deepEqual(paused, [200, 400, 800, 1_600, 3_200, 5_000, 5_000])
  assert.equal(told[0], 'was ended by SIGKILL; starting it again in 0.2 s')
  assert.equal(told[1], 'ended with code 1; starting it again in 0.4 s')
  await kept.stop(1_000)
})

test('a start that fails is one more failure', async () => {
  const told: string[] = []
  const part = fake()
  const back = fake()
  const started = Promise.withResolvers<void>()
  let starts = 0
  const again = async () => {
    starts += 1
    if (starts === 1) throw new Error('the port is taken')
    started.resolve()
    return back
  }
  const kept = keep({ part, again, wait: async () => {}, tell: what => told.push(what) })

  part.end('was ended by SIGKILL')
  await started.promise
  await kept.stop(1_000)

  assert.equal(told[1], 'did not start: the port is taken; starting it again in 0.4 s')
  assert.deepEqual(back.stops, [1_000])
})

test('a part that is stopped is stopped once and not started again', async () => {
  const part = fake()
  const again = () => assert.fail('it was started again')
  const kept = keep({ part, again, tell: () => assert.fail('nobody needs to hear of it') })

  await kept.stop(500)

  assert.deepEqual(part.stops, [500])
})

test('a stop during the pause ends it, and nothing is started', async () => {
  const part = fake()
  const told = Promise.withResolvers<void>()
  const kept = keep({ part, again: () => assert.fail('it was started again'), tell: () => told.resolve() })
  part.end('ended with code 1')
  await told.promise

  await kept.stop(500)

  assert.deepEqual(part.stops, [])
})

test('a stop in the middle of a new start stops what was just started', async () => {
  const part = fake()
  const back = fake()
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<Part>()
  const again = () => {
    asked.resolve()
    return answer.promise
  }
  const kept = keep({ part, again, wait: async () => {}, tell: () => {} })
  part.end('ended with code 1')
  await asked.promise

  const stopped = kept.stop(700)
  answer.resolve(back)
  await stopped

  assert.deepEqual(back.stops, [700])
})

interface Fake extends Part {
  readonly stops: number[]
  readonly end: (how: string) => void
}

function fake(): Fake {
  const { promise: ended, resolve: end } = Promise.withResolvers<string>()
  const stops: number[] = []
  const stop = async (deadlineMs: number) => {
    stops.push(deadlineMs)
    end('ended with code 0')
  }
  return { ended, stop, kill: () => stop(0), stops, end }
}
