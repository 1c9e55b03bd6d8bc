/** `verify` in this process, on what a test has counted. */

import { Admin } from '@platformatic/kafka'
import { parseScope, type WantedScope } from '../../src/evidence/verify/scope.ts'
import { type Report, verify } from '../../src/evidence/verify/verify.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import type { Place } from './counting.ts'
import { type Database, settingsFor, sharedKafka } from './environment.ts'

/** @param database another user's way into the same one. */
export async function verified(
  place: Place,
  wanted: WantedScope = {},
  database: Database = place.database,
): Promise<Report> {
  const { topic, kafka = sharedKafka(), settings = {} } = place
  const scope = parseScope(wanted)
  if (typeof scope === 'string') throw new Error(scope)
  return verify(parseConfig({ ...settingsFor(kafka, database, topic), ...settings }), scope, () => {})
}

/** The differences in a line each: `row changed 2026-11-22 {...} -> {...}`. */
export function differencesOf(report: Report): string[] {
  return report.differences.map(({ kind, what, where, stored, expected }) => {
    const { date, partition, offset, fate } = where
    const place = [
      date,
      partition === undefined ? undefined : [partition, offset].filter(n => n !== undefined).join(':'),
      fate,
    ]
    return [kind, what, ...place.filter(part => part !== undefined), text(stored), '->', text(expected)].join(' ')
  })
}

function text(value: unknown): string {
  if (value === null) return 'nothing'
  return typeof value === 'object' ? Object.values(value as object).join() : String(value)
}

/** Deletes the records of a partition before an offset, as retention does. */
export async function trim(topic: string, partition: number, before: number): Promise<void> {
  const admin = new Admin({ clientId: 'tests', bootstrapBrokers: [sharedKafka().address] })
  try {
    await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition, offset: BigInt(before) }] }] })
  } finally {
    await admin.close()
  }
}
