/** The bytes of a record as a person can look at them: inert, whole or cut around the place that is marked. */
import { element } from './element.js'
import { count, legible } from './format.js'

const charactersMax = 2_000
const bytesMax = 512

/**
 * @param {{ base64: string, text: string | null }} value
 * @param {{ from: number, to: number } | null} place in its text that is bad
 */
export function shownBytes({ base64, text }, place) {
  if (text === null) return hex(Uint8Array.from(atob(base64), character => character.charCodeAt(0)))
  if (text === '') return element('p', { class: 'quiet' }, 'The value is empty: there are no bytes.')
  const { from, to } = place ?? { from: 0, to: 0 }
  const begin = Math.max(0, Math.min(from - charactersMax / 2, text.length - charactersMax))
  const end = Math.min(text.length, begin + charactersMax)
  const bad = legible(text.slice(from, Math.min(to, end)))
  return element(
    'pre',
    { class: 'bytes', tabindex: '0' },
    begin > 0 ? '… ' : '',
    legible(text.slice(begin, from)),
    place === null ? '' : element('mark', {}, bad === '' ? '▏' : bad),
    legible(text.slice(Math.min(to, end), end)),
    end < text.length ? ` … (${count(text.length)} characters in all)` : '',
  )
}

/** @param {Uint8Array} bytes */
function hex(bytes) {
  const lines = []
  for (let at = 0; at < Math.min(bytes.length, bytesMax); at += 16) {
    const part = [...bytes.subarray(at, Math.min(at + 16, bytesMax))]
    const digits = part.map(byte => byte.toString(16).padStart(2, '0')).join(' ')
    const ascii = part.map(byte => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${at.toString(16).padStart(6, '0')}  ${digits.padEnd(47)}  ${ascii}`)
  }
  if (bytes.length > bytesMax) lines.push(`… ${count(bytes.length)} bytes in all`)
  return element('pre', { class: 'bytes hex', tabindex: '0' }, lines.join('\n'))
}
