/** G8 and G1: whatever is killed, no answer shows less than one before it, and no snapshot shows books that do not balance. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { startApi } from '../../src/api/api.ts'
import { createLog } from '../../src/runtime/log.ts'
import { closing, type Database, ownKafka, ownPostgres } from '../support/environment.ts'
import { eventOf } from '../support/events.ts'
import { finishScene, openScene } from '../support/scene.ts'

test('G8: under load, through kills of PostgreSQL and Kafka, readers never see less, and the table equals the recount', {
  timeout: 110_000,
}, async t => {
  const [postgres, kafka] = await Promise.all([ownPostgres(t), ownKafka(t)])
  const scene = await openScene(t, { kafka, postgres })
  const { start, untilMore } = scene
  const reader = await startReading(t, scene.database)
  start()
  await untilMore(2_000, 'counting')
  // Immediate: every backend quits at once, in the middle of whatever it does.
  process.kill(postgres.pid(), 'SIGQUIT')
  await postgres.stop()
  await postgres.start()
  await untilMore(1_000, 'counting after an immediate stop of PostgreSQL')
  await kafka.kill()
  await kafka.start()
  await untilMore(1_000, 'counting after a kill of Kafka')
  await postgres.kill()
  await postgres.start()
  await untilMore(1_000, 'counting after a kill of PostgreSQL')
  await finishScene(t, scene)
  await reader.stop()
  t.diagnostic(`the API answered ${reader.answers()} times, and ${reader.refusals()} times that it cannot`)
  assert.deepEqual(reader.wrong, [])
  assert.ok(reader.answers() > 20 && reader.refusals() > 0)
})

interface Row {
  readonly item_id: string
  readonly date: string
  readonly view_count: number
  readonly click_count: number
  readonly purchase_count: number
}

/** Asks the API for one user again and again. Once there are rows an answer has them, or is no answer. */
async function startReading(t: TestContext, postgres: Database) {
  const api = await startApi(
    { postgres, api: { host: '127.0.0.1', port: 0, awaitSeed: false } },
    createLog('api', 'silent'),
  )
  closing(t, () => api.stop())
  const url = `${api.url}/api/user-activity-summary/${eventOf(0).user_id}`
  const wrong: string[] = []
  let answers = 0
  let refusals = 0
  let stopping = false
  const read = async () => {
    let before = new Map<string, number[]>()
    while (!stopping) {
      await pause(10)
      const answer = await fetch(url)
      if (answer.status === 503) refusals += 1
      else if (answer.status === 404 && before.size === 0) continue
      else if (answer.status !== 200) wrong.push(`status ${answer.status}: ${await answer.text()}`)
      else {
        answers += 1
        const now = byItem((await answer.json()) as Row[])
        for (const [item, counts] of before) {
          if (!counts.every((count, i) => (now.get(item)?.[i] ?? -1) >= count)) wrong.push(`${item} shows less`)
        }
        before = now
      }
    }
  }
  const reading = read()
  const stop = async () => {
    stopping = true
    await reading
  }
  closing(t, stop)
  return { wrong, answers: () => answers, refusals: () => refusals, stop }
}

function byItem(rows: readonly Row[]): Map<string, number[]> {
  return new Map(rows.map(row => [`${row.date} ${row.item_id}`, [row.view_count, row.click_count, row.purchase_count]]))
}
