/** Questions to the API: an answer, or a problem in words for people. */
import { token } from './token.js'

/** @typedef {{ readonly status: number, readonly code: string, readonly detail: string }} Problem */

/**
 * @param {string} path
 * @param {{ method?: string, body?: string, isAdmin?: boolean, signal?: AbortSignal }} [options]
 * @returns {Promise<{ body?: any, next?: boolean, headers?: Headers, problem?: Problem }>}
 */
export async function ask(path, { method = 'GET', body, isAdmin = false, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = { accept: 'application/json' }
  if (isAdmin) headers['authorization'] = `Bearer ${token() ?? ''}`
  try {
    // An answer that is kept is asked for again with its ETag.
    const answer = await fetch(path, { method, headers, cache: 'no-cache', body: body ?? null, signal: signal ?? null })
    const text = await answer.text()
    if (answer.ok) return { body: parse(text), next: answer.headers.has('link'), headers: answer.headers }
    return { problem: problemOf(answer.status, text) }
  } catch (error) {
    if (signal?.aborted) throw error
    return {
      problem: { status: 0, code: 'no_answer', detail: 'The API does not answer. This page tries again by itself.' },
    }
  }
}

/** Counts beyond 2^53 become BigInts: a number would be another one. @param {string} text */
const parse = text =>
  JSON.parse(text, (_key, value, /** @type {any} */ context = undefined) =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source
      ? BigInt(context.source)
      : value,
  )

/** @returns {Problem} */
function problemOf(status, text) {
  try {
    const { code, detail } = JSON.parse(text)
    return { status, code: String(code), detail: String(detail) }
  } catch {
    return { status, code: 'unknown', detail: `The API answered with status ${status}.` }
  }
}
