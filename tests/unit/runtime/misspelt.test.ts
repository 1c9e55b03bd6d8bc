import assert from 'node:assert/strict'
import { test } from 'node:test'
import { misspelt } from '../../../src/runtime/misspelt.ts'

test('a name that is one slip away from a setting, or from the file of one, is told with what was meant', () => {
  assert.deepEqual(misspelt({ POSTGRES_PORTS: '1', POSTGRES_PASSWORD_FIEL: 'a', API_PORT: '1', MY_OWN: 'x' }), [
    'POSTGRES_PORTS in .env is no setting; did you mean POSTGRES_PORT?',
    'POSTGRES_PASSWORD_FIEL in .env is no setting; did you mean POSTGRES_PASSWORD_FILE?',
  ])
})

test('the file of a secret is a setting, the file of another is not', () => {
  assert.deepEqual(misspelt({ POSTGRES_PASSWORD_FILE: 'a' }), [])
  assert.deepEqual(misspelt({ POSTGRES_USER_FILE: 'a' }), [
    'POSTGRES_USER_FILE in .env is no setting: POSTGRES_USER does not come from a file',
  ])
})
