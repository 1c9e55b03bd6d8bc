/** G8 over two processes of the API that read what is being written: a later read never shows less, whoever answers it. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type pg from 'pg'
import { migrate } from '../../src/postgres/migrate.ts'
import { freePort } from '../../src/stack/port.ts'
import {
  closing,
  connect,
  freshDatabase,
  freshName,
  roleProcess,
  settingsFor,
  sharedKafka,
  until,
} from '../support/environment.ts'

const readers = 24
const answersMin = 2_000

test('under writes no answer of two APIs shows less than one before it, nor than it says it shows', {
  timeout: 60_000,
}, async t => {
  const database = await freshDatabase()
  const client = await connect(t, database)
  await migrate(client)
  const users = Array.from({ length: 12 }, () => randomUUID())
  await prepare(client, users)
  const settings = settingsFor(sharedKafka(), database, freshName('events'))
  const urls = await Promise.all(
    [1, 2].map(async () => {
      const port = await freePort()
      roleProcess(t, 'api', { ...settings, API_HOST: '127.0.0.1', API_PORT: String(port) })
      const url = `http://127.0.0.1:${port}`
      await until(
        async () => (await fetch(`${url}/api/user-activity-summary/${users[0]}`)).ok,
        40_000,
        `${url} answers`,
      )
      return url
    }),
  )

  let isReading = true
  closing(t, () => {
    isReading = false
  })
  // What somebody was shown, by user: each read that begins later has to show it too.
  const shown = new Map<string, number>()
  const wrong: string[] = []
  const answers = [0, 0]
  const read = async () => {
    while (isReading) {
      const which = Math.floor(Math.random() * 2)
      const user = users[Math.floor(Math.random() * users.length)]!
      const least = shown.get(user) ?? 0
      const answer = await fetch(`${urls[which]}/api/user-activity-summary/${user}`)
      if (!answer.ok) {
        wrong.push(`status ${answer.status}`)
        continue
      }
      const counts = ((await answer.json()) as { view_count: number }[]).map(row => row.view_count)
      const count = counts[0]!
      const said = Number(/^p0=(\d+)$/.exec(answer.headers.get('footfall-positions') ?? '')?.[1])
      if (counts.length !== 3 || counts.some(one => one !== count)) wrong.push(`no snapshot: ${counts}`)
      if (count < least) wrong.push(`${count} after ${least}`)
      if (!(count >= said)) wrong.push(`${count}, but it says up to ${said}`)
      shown.set(user, Math.max(shown.get(user) ?? 0, count))
      answers[which]! += 1
    }
  }
  const reading = Array.from({ length: readers }, read)
  let writes = 0
  while (answers[0]! + answers[1]! < answersMin && wrong.length === 0) {
    await write(client)
    writes += 1
  }
  isReading = false
  await Promise.all(reading)
  t.diagnostic(`${answers.join(' and ')} answers during ${writes} writes`)
  assert.deepEqual(wrong, [])
  assert.ok(writes > 50 && Math.min(...answers) > 100)
})

/** Three rows of each user; every count of views is what the ledger has as the next offset. */
async function prepare(client: pg.Client, users: readonly string[]): Promise<void> {
  await client.query(
    `insert into rules (judge_version, max_age_days, max_ahead_minutes, window_hours, window_ids_max) values (1,1,1,1,1)`,
  )
  await client.query(
    `insert into partition_ledger (topic_id, partition, lineage, start_offset, next_offset, counted, rules_version)
     values ('${randomUUID()}', 0, 1, 0, 1, 1, 1)`,
  )
  await client.query(
    `insert into daily_user_item_summary
     select u, '2026-01-01', gen_random_uuid(), 1, 0, 0 from unnest($1::uuid[]) u, generate_series(1, 3)`,
    [users],
  )
}

/** One transaction, as a settle is. */
async function write(client: pg.Client): Promise<void> {
  await client.query(
    `begin;
     update partition_ledger set next_offset = next_offset + 1, counted = counted + 1;
     update daily_user_item_summary set view_count = view_count + 1;
     commit`,
  )
}
