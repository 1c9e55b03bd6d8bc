/** What `verify` may still say where a part of the log is gone: that it cannot be proven, never that something differs. */
import assert from 'node:assert/strict'
import type { Report } from '../../src/evidence/verify/report.ts'
import { differencesOf } from '../support/verifying.ts'

export function assertNothingDiffers(report: Report): void {
  assert.deepEqual(differencesOf(report), [])
  assert.notEqual(report.verdict, 'differs')
}
