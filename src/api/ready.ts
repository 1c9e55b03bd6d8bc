/** Whether the API can do its work: PostgreSQL answers, the tables are there, the seeded row is visible if awaited. */
import type pg from 'pg'
import { checkMigrated } from '../postgres/migrate.ts'
import { NewerDatabase } from '../postgres/unfit-database.ts'
import type { Part } from '../runtime/health.ts'

const seededUser = '11111111-1111-1111-1111-111111111111'
const seededItem = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa'

/** A producer that started before midnight has sent the seed of the day before; no later one comes. */
const seedOlderMs = 600_000

/** Each tells why it is not ready, or undefined when it is. */
type Check = () => Promise<string | undefined>

/**
 * @param startedMs when this process started: the seeded row of that UTC day, or a later one, is awaited.
 * @returns asks all parts; those who ask at the same time share one answer.
 */
export function createReadiness(pool: pg.Pool, awaitSeed: boolean, startedMs: number): () => Promise<readonly Part[]> {
  const checks: [string, Check][] = [
    ['postgres', () => answers(pool)],
    ['tables', tablesThere(pool)],
  ]
  if (awaitSeed) checks.push(['seed', seedVisible(pool, new Date(startedMs - seedOlderMs).toISOString().slice(0, 10))])
  let underway: Promise<readonly Part[]> | undefined
  return () => {
    underway ??= ask(checks).finally(() => {
      underway = undefined
    })
    return underway
  }
}

async function ask(checks: readonly (readonly [string, Check])[]): Promise<readonly Part[]> {
  const parts: Part[] = []
  for (const [name, check] of checks) {
    const before = parts.find(part => !part.ready)
    const why = before === undefined ? await check().catch(reasonOf) : `waits for ${before.name}`
    parts.push(why === undefined ? { name, ready: true } : { name, ready: false, why })
  }
  return parts
}

async function answers(pool: pg.Pool): Promise<undefined> {
  await pool.query('select 1')
}

/**
 * Tables that a newer version has changed since are no reason to send readers away: all instances would go at once, and
 * what they read stays in place. Such tables are refused at the start.
 */
function tablesThere(pool: pg.Pool): Check {
  let wereFit = false
  return async () => {
    try {
      const missing = await checkMigrated(pool)
      wereFit ||= missing.length === 0
      if (missing.length > 0) return `to be applied: ${missing.join(', ')}; any role that may does so at its start`
    } catch (error) {
      if (!(wereFit && error instanceof NewerDatabase)) throw error
    }
    return undefined
  }
}

/** Once seen it stays so: the next day's row comes with the next start only. */
function seedVisible(pool: pg.Pool, sinceDate: string): Check {
  let isSeen = false
  return async () => {
    if (isSeen) return undefined
    const { rowCount } = await pool.query(
      `select from daily_user_item_summary
       where user_id = $1 and item_id = $2 and date >= $3
         and view_count >= 5 and click_count >= 2 and purchase_count >= 1`,
      [seededUser, seededItem, sinceDate],
    )
    isSeen = rowCount !== 0
    return isSeen ? undefined : 'the eight seeded events of the producer are not counted yet'
  }
}

function reasonOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException
  return message === '' ? String(code) : message
}
