/** What state the whole is in, in words, as far as one can know it here: what was heard, and for how long nothing was. */
import { clock, count, duration } from './format.js'
import { live, serverNow, silenceMs, silentForMs } from './live.js'

const words = {
  connecting: 'Connecting',
  waiting: 'Waiting',
  live: 'Live',
  behind: 'Behind',
  halted: 'Halted',
  stale: 'Stale',
}

/**
 * @typedef {object} Standing
 * @property {keyof typeof words} state
 * @property {string} word
 * @property {string} why one sentence
 * @property {string | null} old says from when the numbers are, where they are not from now
 */

/** @returns {Standing} */
export function standing() {
  const { state: told } = live
  const silent = silentForMs()
  if (silent > silenceMs) {
    const why = `The API has not been heard for ${duration(silent)}. This page tries again by itself.`
    return as('stale', why, told)
  }
  if (told === null) return as('connecting', 'Asking the API for its latest numbers.', null)
  return as(told.state, shortTimes(told.why ?? sentences[told.state]?.(told) ?? ''), told)
}

/** Times as the rest of the page has them. @param {string} text */
const shortTimes = text => text.replace(/\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)(?:\.\d+)?Z/g, '$1 UTC')

function as(state, why, told) {
  const isOld = state === 'stale' && told !== null
  // The oldest of what they rest on: the look at the tables, and the consumers' last look at the log.
  const from = isOld ? Math.min(Date.parse(told.at), Date.parse(told.seen_at ?? told.at)) : 0
  const age = duration(Math.max(0, serverNow() - from))
  const old = isOld ? `Old numbers: they are from ${clock(from)} UTC, ${age} ago.` : null
  return { state, word: words[state] ?? state, why, old }
}

const sentences = {
  waiting: () => 'Nothing was counted yet.',
  live: () => 'Every record in the log is counted as it comes.',
  behind: ({ lag }) => `${count(lag)} records wait to be counted.`,
  halted: () => 'A partition waits for a person to decide.',
  stale: () => 'No consumer was seen lately.',
}
