/** Asks the API all the time, as a page would. Once a user has rows, an answer has all of them or is no answer. */
import { setTimeout as pause } from 'node:timers/promises'
import { closing, type Lifetime } from '../support/environment.ts'

export interface Reader {
  readonly answers: () => number
  /** 503: it cannot tell. */
  readonly refusals: () => number
  /** Nobody listened, or the connection broke. */
  readonly silences: () => number
  readonly wrong: readonly string[]
  readonly stop: () => Promise<void>
}

interface Row {
  readonly item_id: string
  readonly date: string
  readonly view_count: number
  readonly click_count: number
  readonly purchase_count: number
}

const everyMs = 25
/** The API itself says after 5 s that it cannot tell. */
const deadlineMs = 8_000

/** @param users asked for in turn. @param mayBeSilent whether somebody keeps the API from answering at the moment. */
export function startReading(
  lifetime: Lifetime,
  url: string,
  users: readonly string[],
  mayBeSilent: () => boolean,
): Reader {
  const seen = new Map<string, Map<string, readonly number[]>>()
  const wrong: string[] = []
  const counts = { answers: 0, refusals: 0, silences: 0 }
  let stopping = false
  const ask = async (user: string) => {
    const wasExcused = mayBeSilent()
    let status: number
    let body: string
    try {
      const answer = await fetch(`${url}/api/user-activity-summary/${user}`, {
        signal: AbortSignal.timeout(deadlineMs),
      })
      status = answer.status
      body = await answer.text()
    } catch (error) {
      counts.silences += 1
      if (!wasExcused && !mayBeSilent()) wrong.push(`the API did not answer: ${(error as Error).message}`)
      return
    }
    const before = seen.get(user)
    if (status === 503) counts.refusals += 1
    else if (status === 404 && before === undefined) counts.answers += 1
    else if (status !== 200) wrong.push(`the API answered ${status} about ${user}, who has rows: ${body.slice(0, 200)}`)
    else {
      counts.answers += 1
      const now = byRow(JSON.parse(body) as Row[])
      wrong.push(...fallen(user, before, now))
      seen.set(user, now)
    }
  }
  const read = async () => {
    for (let turn = 0; !stopping; turn++) {
      await ask(users[turn % users.length]!)
      await pause(everyMs)
    }
  }
  const reading = read()
  const stop = async () => {
    stopping = true
    await reading
  }
  closing(lifetime, stop)
  return {
    answers: () => counts.answers,
    refusals: () => counts.refusals,
    silences: () => counts.silences,
    wrong,
    stop,
  }
}

function byRow(rows: readonly Row[]): Map<string, readonly number[]> {
  return new Map(rows.map(row => [`${row.date} ${row.item_id}`, [row.view_count, row.click_count, row.purchase_count]]))
}

function fallen(
  user: string,
  before: ReadonlyMap<string, readonly number[]> | undefined,
  now: typeof before,
): string[] {
  return [...(before ?? [])]
    .filter(([row, counts]) => counts.some((count, i) => (now?.get(row)?.[i] ?? -1) < count))
    .map(([row, counts]) => `the API shows ${now?.get(row)} for ${user} ${row}, and showed ${counts} before`)
}
