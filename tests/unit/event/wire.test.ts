import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UserActivity } from '../../../src/event/schema.ts'
import { eventKey, eventValue } from '../../../src/event/wire.ts'

const event: UserActivity = {
  user_id: 'ABCDEF00-1111-4222-8333-444455556666',
  item_id: '0f0f0f0f-1111-4222-8333-444455556666',
  activity_type: 'click',
  timestamp: '2026-03-04T05:06:07.089Z',
  event_id: 'x-1',
}

test('the key is the user id in lower case, whatever case the event has', () => {
  assert.equal(eventKey(event).toString('utf8'), 'abcdef00-1111-4222-8333-444455556666')
})

test('the value is the event as JSON, member for member', () => {
  assert.deepEqual(JSON.parse(eventValue(event).toString('utf8')), event)
})

test('an event without an id has no such member on the wire', () => {
  const { event_id: _, ...without } = event
  assert.equal('event_id' in JSON.parse(eventValue(without).toString('utf8')), false)
})
