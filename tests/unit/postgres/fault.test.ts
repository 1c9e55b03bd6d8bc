import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { type FaultKind, faultKind, isConnectionLost, sqlState } from '../../../src/postgres/fault.ts'

const answered = (code: string, severity = 'ERROR'): Error =>
  Object.assign(new pg.DatabaseError('said by the server', 0, 'error'), { code, severity })
const system = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code })

const byState: readonly (readonly [string, FaultKind])[] = [
  ['08006', 'connection'], // connection failure
  ['08P01', 'connection'], // protocol violation
  ['57P01', 'connection'], // shut down by an administrator
  ['57P02', 'connection'], // crash of another backend
  ['57P03', 'connection'], // starting up
  ['22003', 'data'], // bigint out of range
  ['22021', 'data'], // NUL in text
  ['23514', 'data'], // CHECK violated
  ['54000', 'data'], // row too large
  ['25006', 'platform'], // read-only
  ['25P04', 'platform'], // transaction timeout
  ['40001', 'platform'], // serialization failure
  ['40P01', 'platform'], // deadlock
  ['42501', 'platform'], // insufficient privilege
  ['42P01', 'platform'], // undefined table
  ['53100', 'platform'], // disk full
  ['53300', 'platform'], // too many connections
  ['55P03', 'platform'], // lock not available
  ['57014', 'platform'], // statement timeout
  ['58030', 'platform'], // i/o error
  ['XX001', 'platform'], // data corrupted
]

test('each SQLSTATE has the kind that says what can be done about it', () => {
  for (const [state, kind] of byState) {
    assert.equal(faultKind(answered(state)), kind, state)
    assert.equal(sqlState(answered(state)), state)
  }
})

test('an error of the socket or of the client means an unknown outcome', () => {
  const messages = [
    'Connection terminated unexpectedly',
    'Connection terminated',
    'Connection terminated due to connection timeout',
    'Query read timeout',
    'timeout expired',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
    'Client was closed and is not queryable',
    'Cannot use a pool after calling end on the pool',
  ]
  const codes = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH']
  for (const error of [...messages.map(message => new Error(message)), ...codes.map(system)]) {
    assert.equal(faultKind(error), 'connection', error.message)
    assert.equal(isConnectionLost(error), true, error.message)
    assert.equal(sqlState(error), undefined, error.message) // EPIPE has five letters and is no SQLSTATE
  }
})

test('a bug of ours is no fault of the platform', () => {
  for (const error of [new TypeError('x is not a function'), new Error('row 3 is missing'), 'text', undefined]) {
    assert.equal(faultKind(error), undefined)
    assert.equal(isConnectionLost(error), false)
  }
})

test('a connection that the server ended with its answer is lost, one it refused a statement on is not', () => {
  assert.equal(isConnectionLost(answered('25P04', 'FATAL')), true)
  assert.equal(isConnectionLost(answered('28P01', 'FATAL')), true)
  assert.equal(isConnectionLost(answered('57014')), false)
  assert.equal(isConnectionLost(answered('40P01')), false)
})
