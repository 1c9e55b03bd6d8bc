import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { fuzzLog } from '../../fuzz/log.ts'
import { plainJudge } from '../../support/plain-judge.ts'

const few = 5_000

test('fuzzed records are judged the same three ways, and good ones beside them are counted', () => {
  const seed = randomInt(2 ** 31)
  const { records, difference, seen } = fuzzLog(seed, few)
  assert.equal(difference, undefined, `npm run fuzz -- --seed ${seed} --count 20000`)
  assert.ok(records >= few && seen.get('counted')! > few / 4 && seen.get('not_json')! > few / 20)
})

test('a seed gives the same records every time', () => {
  const told = () => {
    const { difference: _, ...rest } = fuzzLog(7, 300)
    return rest
  }
  assert.deepEqual(told(), told())
  assert.notDeepEqual(told(), fuzzLog(8, 300))
})

/** A judge of the contract that is wrong somewhere, and what must be left of the record that shows it. */
const planted: readonly [name: string, planted: typeof plainJudge, shows: RegExp][] = [
  [
    'takes a byte order mark away',
    (bytes, ...rest) =>
      plainJudge(
        Buffer.from(
          Buffer.from(bytes)
            .toString()
            .replace(/^\ufeff/, ''),
        ),
        ...rest,
      ),
    /shrunk:\n {2}(\\xef\\xbb\\xbf)?.*\n {2}consumer: rejected not_(json|utf8).*\n.*\n {2}plain: /,
  ],
  [
    'allows one ms more of age',
    (bytes, appendMs, limits) => plainJudge(bytes, appendMs === -1 ? -1 : appendMs - 1, limits),
    /consumer: (rejected too_|valid).*\n.*\n {2}plain: (rejected too_|valid)/,
  ],
  [
    'takes the first of two members',
    (bytes, ...rest) => {
      const said = plainJudge(bytes, ...rest)
      const count = Buffer.from(bytes).toString().split('"activity_type"').length
      return 'reason' in said || count < 3 ? said : { ...said, activity: 'like' }
    },
    /shrunk:\n.*activity_type.*activity_type/,
  ],
]
for (const [name, plain, shows] of planted) {
  test(`a judge that ${name} is found, with the record that shows it`, () => {
    const { difference } = fuzzLog(1, few, plain)
    assert.match(difference ?? 'no difference', shows)
  })
}
