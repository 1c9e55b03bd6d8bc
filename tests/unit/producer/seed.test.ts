import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dayOf, dayText, parseInstant } from '../../../src/event/day.ts'
import { validate } from '../../../src/event/validate.ts'
import { seededEvents } from '../../../src/producer/seed.ts'

test('the seeded events are five views, two clicks and a purchase of their day, all valid', () => {
  const events = seededEvents('2026-02-28')
  const kinds = events.map(event => event.activity_type).sort()
  assert.deepEqual(kinds, ['click', 'click', 'purchase', 'view', 'view', 'view', 'view', 'view'])
  for (const event of events) {
    assert.equal(validate(event), undefined)
    assert.equal(dayText(dayOf(parseInstant(event.timestamp)!)), '2026-02-28')
  }
})

test('they have the same ids all day, and others the next', () => {
  const ids = (day: string) => seededEvents(day).map(event => event.event_id)
  assert.deepEqual(ids('2026-02-28')[0], 'seed-2026-02-28-1')
  assert.equal(new Set([...ids('2026-02-28'), ...ids('2026-03-01'), ...ids('2026-02-28')]).size, 16)
})
