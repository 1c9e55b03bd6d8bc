/** The query of trace and explain: strict, as that of a summary. */
import type { Refusal } from './parameters.ts'

export const evidenceLimitMax = 1_000
const limitDefault = 100

export const notADay = 'date must be a real day as YYYY-MM-DD.'

/** A name that was sent is shown again only so far. */
const shownMax = 40

export interface AskedEvidence {
  readonly given: Readonly<Record<string, string | undefined>>
  readonly limit: number
}

/** @param url with its query, as it was sent. */
export function parseEvidence(url: string, allowed: readonly string[]): AskedEvidence | Refusal {
  const given = parseQuery(url, allowed)
  if (isRefusal(given)) return given
  const { limit = String(limitDefault) } = given
  if (/^[1-9]\d{0,3}$/.test(limit) && Number(limit) <= evidenceLimitMax) return { given, limit: Number(limit) }
  const detail = `limit must be a whole number from 1 to ${evidenceLimitMax}, in plain digits.`
  return { code: 'bad_parameter', detail, parameter: 'limit' }
}

type Given = Readonly<Record<string, string | undefined>>

/** No parameter is called so. */
export const isRefusal = (asked: Given | Refusal): asked is Refusal => 'code' in asked

/** Each parameter at most once, and no other. */
export function parseQuery(url: string, allowed: readonly string[]): Given | Refusal {
  const given: Record<string, string> = {}
  const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : ''
  for (const [name, value] of new URLSearchParams(query)) {
    const parameter = name.slice(0, shownMax)
    if (!allowed.includes(name)) {
      const others = allowed.length === 0 ? 'this path takes none' : `there are ${allowed.join(', ')}`
      const detail = `There is no parameter ${JSON.stringify(parameter)}; ${others}.`
      return { code: 'unknown_parameter', detail, parameter }
    }
    if (given[name] !== undefined)
      return { code: 'repeated_parameter', detail: `${name} must be given once.`, parameter }
    given[name] = value
  }
  return given
}
