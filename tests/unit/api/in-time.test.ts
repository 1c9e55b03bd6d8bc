import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inTime } from '../../../src/api/in-time.ts'

test('what comes in time is returned or thrown, what comes late is discarded, and a late failure is nobody’s', async () => {
  const late: string[] = []
  const discard = (value: string) => void late.push(value)
  assert.equal(await inTime(Promise.resolve('early'), 60_000, discard), 'early')
  await assert.rejects(inTime(Promise.reject<string>(new Error('broken')), 60_000, discard), /broken/)

  const { promise, resolve } = Promise.withResolvers<string>()
  assert.equal(await inTime(promise, 1, discard), undefined)
  resolve('too late')
  await promise
  assert.deepEqual(late, ['too late'])

  const failing = Promise.withResolvers<string>()
  assert.equal(await inTime(failing.promise, 1, discard), undefined)
  failing.reject(new Error('nobody waits'))
  await assert.rejects(failing.promise)
})
