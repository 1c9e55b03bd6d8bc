import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createRounds } from '../../../src/api/rounds.ts'

/** Rounds whose answers are given by hand; a key that begins with `none` has no answer. */
function open() {
  const asked: { keys: readonly string[]; answer: () => void; fail: (error: unknown) => void }[] = []
  const rounds = createRounds<string>({
    askTogether(keys) {
      const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, string>>()
      const answers = keys.filter(key => !key.startsWith('none')).map(key => [key, `of ${key}`] as const)
      asked.push({ keys, answer: () => resolve(new Map(answers)), fail: reject })
      return promise
    },
    mayBeOnes: error => error === 'slow',
  })
  return { ...rounds, asked, keysOf: (round: number) => asked[round]?.keys }
}

/** Until so many rounds have begun. */
async function begun({ asked }: ReturnType<typeof open>, count: number): Promise<void> {
  const deadlineMs = performance.now() + 5_000
  while (asked.length < count && performance.now() < deadlineMs) await turn()
  assert.equal(asked.length, count)
}

test('those who come in one turn are asked together, each once, and each gets its own answer', async () => {
  const rounds = open()
  const answers = Promise.all(['a', 'b', 'none', 'a'].map(rounds.ask))
  assert.equal(rounds.waiting(), 3)
  await begun(rounds, 1)
  assert.deepEqual(rounds.keysOf(0), ['a', 'b', 'none'])
  assert.equal(rounds.waiting(), 0)
  rounds.asked[0]!.answer()
  assert.deepEqual(await answers, ['of a', 'of b', undefined, 'of a'])
})

test('who comes while a round is under way goes with the next one, also for the same key', async () => {
  const rounds = open()
  const first = rounds.ask('a')
  await begun(rounds, 1)
  const second = [rounds.ask('a'), rounds.ask('b')]
  assert.equal(rounds.asked.length, 1)
  rounds.asked[0]!.answer()
  assert.equal(await first, 'of a')
  assert.deepEqual(rounds.keysOf(1), ['a', 'b'])
  rounds.asked[1]!.answer()
  assert.deepEqual(await Promise.all(second), ['of a', 'of b'])
})

test('a slow round does not hold up the next; there are four at most, and then the first to end begins another', async () => {
  const rounds = open()
  const answers: Promise<unknown>[] = []
  for (let round = 1; round <= 4; round++) {
    answers.push(rounds.ask(`a${round}`))
    await begun(rounds, round)
  }
  answers.push(rounds.ask('b'), rounds.ask('c'))
  const waitedMs = performance.now() + 50
  while (performance.now() < waitedMs) await turn()
  assert.equal(rounds.asked.length, 4)
  rounds.asked[2]!.answer()
  await begun(rounds, 5)
  assert.deepEqual(rounds.keysOf(4), ['b', 'c'])
  for (const round of rounds.asked) round.answer()
  assert.deepEqual(await Promise.all(answers), ['of a1', 'of a2', 'of a3', 'of a4', 'of b', 'of c'])
})

test('a round has 64 keys at most; those who came first are in it', async () => {
  const rounds = open()
  const keys = Array.from({ length: 150 }, (_, i) => `k${i}`)
  const answers = Promise.all(keys.map(rounds.ask))
  await begun(rounds, 1)
  assert.deepEqual(rounds.keysOf(0), keys.slice(0, 64))
  for (let round = 0; round < 3; round++) {
    await begun(rounds, Math.max(round + 1, rounds.asked.length))
    rounds.asked[round]!.answer()
  }
  assert.deepEqual(
    await answers,
    keys.map(key => `of ${key}`),
  )
  assert.deepEqual(
    rounds.asked.flatMap(({ keys }) => keys),
    keys,
  )
})

test('when one of them may be to blame each is asked alone: only those who fail alone have failed', async () => {
  const rounds = open()
  const outcomes = Promise.allSettled(['a', 'b', 'none', 'c'].map(rounds.ask))
  await begun(rounds, 1)
  rounds.asked[0]!.fail('slow')
  await begun(rounds, 5)
  assert.deepEqual(
    [1, 2, 3, 4].map(round => rounds.keysOf(round)),
    [['a'], ['b'], ['none'], ['c']],
  )
  rounds.asked[2]!.fail('slow')
  for (const round of [1, 3, 4]) rounds.asked[round]!.answer()
  assert.deepEqual(
    (await outcomes).map(one => (one.status === 'fulfilled' ? one.value : one.reason)),
    ['of a', 'slow', undefined, 'of c'],
  )
  const later = rounds.ask('d')
  await begun(rounds, 6)
  rounds.asked[5]!.answer()
  assert.equal(await later, 'of d')
})

test('another failure is that of all in the round, of nobody else, and nobody is asked again for it', async () => {
  const rounds = open()
  const outcomes = Promise.allSettled(['a', 'b'].map(rounds.ask))
  await begun(rounds, 1)
  const next = rounds.ask('c')
  rounds.asked[0]!.fail('away')
  assert.deepEqual(
    (await outcomes).map(one => one.status === 'rejected' && one.reason),
    ['away', 'away'],
  )
  await begun(rounds, 2)
  assert.deepEqual(rounds.keysOf(1), ['c'])
  rounds.asked[1]!.answer()
  assert.equal(await next, 'of c')
})
