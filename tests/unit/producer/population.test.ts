import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isUuid } from '../../../src/event/validate.ts'
import { itemId, simulate, userId } from '../../../src/producer/population.ts'
import { seededItem, seededUser } from '../../../src/producer/seed.ts'

const time = '2026-01-01T00:00:00.000Z'
const events = (count: number, seed: string, users = 1_000, items = 200) => {
  const next = simulate({ users, items }, seed)
  return Array.from({ length: count }, () => next(time))
}
const tally = (values: readonly string[]) => {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

test('event number n of a seed is the same in every run, to the byte', () => {
  assert.deepEqual(events(500, 'a'), events(500, 'a'))
  // Written down once: a change of these is a change of what everybody's seeds mean.
  assert.deepEqual(events(3, 'a').map(Object.values), [
    ['352e5a88-4feb-4a11-8ff1-7031781993ff', '0c8fecf7-fa9a-4f44-a704-77793cc753ec', 'click', time, 'sim-a-1'],
    ['d1ca7105-484f-4d0d-8f72-8496f3ac7e47', '8c2da11a-454f-4f33-814f-51a2003ada83', 'view', time, 'sim-a-2'],
    ['d5fb5ccd-0db9-4d3d-b5cc-29a424742deb', '656d824d-828b-4eac-8b30-98374c60aaca', 'view', time, 'sim-a-3'],
  ])
})

test('other seeds tell other stories about the same people', () => {
  const [one, two] = [events(2_000, 'a'), events(2_000, 'b')]
  assert.notDeepEqual(
    one.map(event => event.user_id),
    two.map(event => event.user_id),
  )
  const people = new Set(Array.from({ length: 1_000 }, (_, rank) => userId(rank)))
  assert.ok([...one, ...two].every(event => people.has(event.user_id)))
})

test('an event id names seed and number', () => {
  assert.deepEqual(
    events(3, 'x').map(event => event.event_id),
    ['sim-x-1', 'sim-x-2', 'sim-x-3'],
  )
})

test('every user and item has a version 4 UUID of its own, and none is a seeded one', () => {
  const ids = Array.from({ length: 20_000 }, (_, rank) => [userId(rank), itemId(rank)]).flat()
  assert.equal(new Set(ids).size, ids.length)
  assert.ok(ids.every(id => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)))
  assert.ok(ids.every(isUuid))
  assert.equal(ids.includes(seededItem) || ids.includes(seededUser), false)
})

test('popularity follows Zipf: the k-th user and item come up 1/k as often as the first', () => {
  const sample = events(50_000, 'zipf')
  for (const [values, id, size] of [
    [tally(sample.map(event => event.user_id)), userId, 1_000],
    [tally(sample.map(event => event.item_id)), itemId, 200],
  ] as const) {
    const harmonic = Array.from({ length: size }, (_, rank) => 1 / (rank + 1)).reduce((sum, part) => sum + part)
    for (const rank of [0, 1, 2, 9, 99]) {
      const expected = 50_000 / harmonic / (rank + 1)
      const found = values.get(id(rank)) ?? 0
      assert.ok(Math.abs(found - expected) < 5 * Math.sqrt(expected), `rank ${rank}: ${found}, expected ${expected}`)
    }
  }
})

test('everybody views more than they click, and clicks more than they buy', () => {
  const sample = events(50_000, 'habits')
  const counts = tally(sample.map(event => event.activity_type))
  assert.ok(Math.abs(counts.get('view')! - 40_000) < 500)
  assert.ok(Math.abs(counts.get('click')! - 8_000) < 500)
  assert.ok(Math.abs(counts.get('purchase')! - 2_000) < 250)
  const each = tally(sample.map(event => `${event.user_id} ${event.activity_type}`))
  for (let rank = 0; rank < 20; rank++) {
    const [view, click, purchase] = ['view', 'click', 'purchase'].map(type => each.get(`${userId(rank)} ${type}`) ?? 0)
    assert.ok(view! > click! && click! > purchase!, `user ${rank}`)
  }
})

test('one user and one item are enough', () => {
  assert.deepEqual(new Set(events(50, 's', 1, 1).map(event => event.user_id + event.item_id)).size, 1)
})
