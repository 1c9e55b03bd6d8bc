import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fates, reasons } from '../../../src/event/fate.ts'
import { userActivitySchema } from '../../../src/event/schema.ts'
import { isUuid, validate } from '../../../src/event/validate.ts'

test('a UUID is 8-4-4-4-12 hexadecimal digits of either case, and nothing else is', () => {
  const form = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/
  const edit = fc.tuple(fc.nat(36), fc.nat(1), fc.constantFrom(...'09afAFgG-/:@[`{ \n\0', '', '\uff11'))
  const near = fc.tuple(fc.uuid(), fc.boolean(), fc.array(edit, { maxLength: 2 })).map(([uuid, upper, edits]) => {
    let text = upper ? uuid.toUpperCase() : uuid
    for (const [at, removed, inserted] of edits) text = text.slice(0, at) + inserted + text.slice(at + removed)
    return text
  })
  fc.assert(
    fc.property(fc.oneof(near, fc.string()), text => {
      assert.equal(isUuid(text), form.test(text), text)
    }),
    { numRuns: 1_000 },
  )
})

test('validating changes nothing: no default is filled in, no type is made to fit, no member is taken away', () => {
  const value = { user_id: 1, item_id: null, activity_type: true, timestamp: 0, event_id: 5, more: {} }
  const before = structuredClone(value)
  assert.equal(validate(value)?.reason, 'wrong_type')
  assert.deepEqual(value, before)
})

test('a pointer names a member of the schema, and no word of a rejection comes from the sender', () => {
  const members = Object.keys(userActivitySchema.properties).map(name => `/${name}`)
  const words = new Set<string>()
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...members.map(name => name.slice(1)), 'x'), fc.jsonValue()), value => {
      const rejection = validate(value)
      if (rejection === undefined) return
      assert.ok(rejection.pointer === '' || members.includes(rejection.pointer))
      assert.ok(rejection.reason in reasons)
      words.add(rejection.detail)
    }),
  )
  assert.ok(words.size < 20, 'few different details, whatever was sent')
})

test('a fate is one of four words, each a column of the ledger', () => {
  assert.deepEqual([...fates], ['counted', 'duplicate', 'rejected', 'skipped'])
})
