/** Whether the started stack answers: what the API says of itself, the seeded user's counts, somebody else to ask for. */
import { setTimeout as pause } from 'node:timers/promises'
import { connectPool } from '../postgres/connect.ts'
import type { Config } from '../runtime/config.ts'
import { localUrl, seededUser } from './ready-screen.ts'

const answerTimeoutMs = 2_000
const pollMs = 50
const simulatedUserDeadlineMs = 1_000

export interface Asked {
  readonly api: Config['api']
  /** Then the seeded user's counts must be visible as well. */
  readonly seeded: boolean
  readonly signal: AbortSignal
  /** Hears what is still missing. */
  readonly missing: (what: string) => void
}

/** Returns when the API is ready and, where it was sent, the seeded row answers. Waits as long as it takes. */
export async function awaitAnswer({ api, seeded, signal, missing }: Asked): Promise<void> {
  const url = localUrl(api)
  for (;;) {
    signal.throwIfAborted()
    const what = await notReady(url, seeded)
    if (what === undefined) return
    missing(what)
    await pause(pollMs)
  }
}

async function notReady(url: string, seeded: boolean): Promise<string | undefined> {
  try {
    const readiness = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(answerTimeoutMs) })
    const { parts } = (await readiness.json()) as { parts?: { name: string; ready: boolean; why?: string }[] }
    const late = parts?.find(({ ready }) => !ready)
    if (!readiness.ok) return late === undefined ? 'the API is not ready' : `${late.name}: ${late.why ?? 'not ready'}`
    if (!seeded) return undefined
    const signal = AbortSignal.timeout(answerTimeoutMs)
    const summary = await fetch(`${url}/api/user-activity-summary/${seededUser}`, { signal })
    await summary.arrayBuffer()
    return summary.ok ? undefined : 'the seeded events are not counted yet'
  } catch {
    return 'the API does not answer yet'
  }
}

/** A user that the simulation has sent something about, or none when there is none within a second. */
export async function findSimulatedUser(postgres: Config['postgres']): Promise<string | undefined> {
  const deadline = performance.now() + simulatedUserDeadlineMs
  const pool = connectPool({ postgres }, 'footfall start')
  try {
    do {
      const { rows } = await pool.query<{ user_id: string }>(
        'select user_id from daily_user_item_summary where user_id <> $1 limit 1',
        [seededUser],
      )
      if (rows[0] !== undefined) return rows[0].user_id
      await pause(pollMs)
    } while (performance.now() < deadline)
    return undefined
  } catch {
    return undefined // it is one line of the ready screen; what is wrong with PostgreSQL is told elsewhere
  } finally {
    await pool.end()
  }
}
