/** Strings as they may stand in a member, right or nearly so: timestamps, UUIDs, ids; and how JSON may write them. */
import type { Dice } from './dice.ts'
import type { Pool } from './pool.ts'

/** What a timestamp is measured against. */
export interface Moment {
  readonly appendMs: number
  readonly maxAgeDays: number
  readonly maxAheadMinutes: number
}

const zones = ['Z', 'Z', 'z', '+00:00', '-00:00', '+14:00', '-12:00', '+05:30', '-23:59', '+23:59']
const oddZones = ['', '+24:00', '-00:60', '+0130', '+01', '+1:00', 'UTC', ' Z', 'ZZ', 'Z[UTC]', '−01:00', '+00:00:00']
const years = ['0000', '0001', '0099', '1900', '1969', '1970', '2000', '2024', '2026', '9998', '9999', '10000', '-001']
const pairs = [
  '00',
  '01',
  '02',
  '12',
  '13',
  '23',
  '24',
  '28',
  '29',
  '30',
  '31',
  '32',
  '59',
  '60',
  '61',
  '99',
  '1',
  '٣١',
]
const fractions = [
  '',
  '',
  '',
  '.0',
  '.5',
  '.999',
  '.9999999',
  `.${'9'.repeat(30)}`,
  '.',
  '.0000000001',
  ',5',
  '.5.5',
  '.é',
]

/** Mostly a real instant within the limits, often on one of their edges, sometimes none at all. */
export function timestampText(dice: Dice, at: Moment): string {
  const kind = dice.below(8)
  if (kind < 3) return instantText(dice, recentMs(dice, at))
  if (kind < 5) return instantText(dice, edgeMs(dice, at))
  if (kind < 7) return composed(dice)
  const text = instantText(dice, recentMs(dice, at))
  return editedText(dice, text)
}

/** Some hours before the append time, or before some other one where that is none a timestamp can tell. */
export const recentMs = (dice: Dice, { appendMs }: Moment): number =>
  (appendMs < 0 || appendMs > 8e15 ? 1.79e12 : appendMs) - dice.below(20) * 3_600_000

/** A limit of age, or an edge of the calendar, or some ms beside it. */
function edgeMs(dice: Dice, { appendMs, maxAgeDays, maxAheadMinutes }: Moment): number {
  const edges = [
    appendMs - maxAgeDays * 86_400_000,
    appendMs + maxAheadMinutes * 60_000,
    Math.floor(appendMs / 86_400_000) * 86_400_000,
    -62_135_596_800_000, // year 1
    253_402_300_799_999, // the end of 9999
  ]
  return dice.pick(edges) + dice.pick([-1_000, -2, -1, 0, 0, 0, 1, 2, 1_000])
}

function instantText(dice: Dice, ms: number): string {
  const zone = dice.pick(zones)
  const minutes = zone.length === 1 ? 0 : Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4))
  const local = ms + (zone.startsWith('-') ? -minutes : minutes) * 60_000
  if (Math.abs(local) > 8.64e15) return String(ms)
  const iso = new Date(local).toISOString()
  const text = iso.slice(0, -1) + (dice.once(4) ? dice.pick(['0', '999', '0000000001', '5'.repeat(20)]) : '') + zone
  return dice.once(10) ? text.replace('T', dice.pick(['t', ' ', '_', ''])) : text
}

function composed(dice: Dice): string {
  const two = () => dice.pick(pairs)
  const date = `${dice.pick(years)}-${two()}-${two()}`
  const zone = dice.once(4) ? dice.pick(oddZones) : dice.pick(zones)
  return `${date}${dice.once(6) ? dice.pick(['t', ' ', '']) : 'T'}${two()}:${two()}:${two()}${dice.pick(fractions)}${zone}`
}

export const users = Array.from({ length: 8 }, (_, n) => `550e8400-e29b-41d4-a716-44665544000${n}`)
export const items = Array.from({ length: 12 }, (_, n) => `6ba7b810-9dad-41d1-80b4-${String(n).padStart(12, 'c')}`)

const uuidChanges: readonly ((id: string) => string)[] = [
  id => id.toUpperCase(),
  id => id.slice(0, 9) + id.slice(9).toUpperCase(),
  id => id.replaceAll('-', ''),
  id => `{${id}}`,
  id => `urn:uuid:${id}`,
  id => ` ${id}`,
  id => `${id}\n`,
  id => `${id}\0`,
  id => id.slice(1),
  id => `${id}0`,
  id => id.replace('5', '５'),
  id => id.replace('-', '‐'),
  id => id.replace(/[0-9a-f]/g, '0'),
  id => id.slice(0, 8) + id.slice(9, 14) + id.slice(8, 9) + id.slice(14),
]
export const uuidText = (dice: Dice, id: string): string => dice.pick(uuidChanges)(id)

const lengths = [0, 1, 2, 127, 128, 129, 300]
const signs = [
  '!',
  '~',
  'a',
  ' ',
  '\x7f',
  '\x1f',
  '\0',
  '\n',
  'é',
  '😀',
  '\ud800',
  '\u200b',
  '\u202e',
  '\ufffd',
  '\ufeff',
]
export function eventIdText(dice: Dice): string {
  const id = 'x'.repeat(dice.pick(lengths))
  if (dice.once(2)) return id
  const at = dice.below(id.length + 1)
  return id.slice(0, at) + dice.pick(signs) + id.slice(at + 1)
}

const oddTexts = ['', ' ', 'null', 'undefined', 'view', 'VIEW', 'vie\u0175', 'toString', '__proto__', '0', '-1', 'NaN']
export const oddText = (dice: Dice, pool: Pool): string =>
  dice.once(2) ? dice.pick(oddTexts) : dice.pick(pool.strings)

/** One to three characters inserted, removed or replaced. */
export function editedText(dice: Dice, text: string): string {
  let edited = text
  for (let edits = 1 + dice.below(3); edits > 0; edits--) {
    const at = dice.below(edited.length + 1)
    const inserted = dice.once(3) ? '' : dice.once(2) ? dice.pick(signs) : dice.pick([...'0129-:+.TZtz"\\{}[],eE/'])
    edited = edited.slice(0, at) + inserted + edited.slice(at + dice.below(3))
  }
  return edited
}

/** A string in JSON: as it is mostly written, or with escapes that mean the same, or with raw control characters. */
export function quoted(dice: Dice, text: string): string {
  const kind = dice.below(12)
  if (kind === 0) return `"${text}"`
  const json = JSON.stringify(text)
  if (kind > 2) return json
  const at = 1 + dice.below(Math.max(1, json.length - 2))
  const sign = json[at]!
  if (!/[a-z0-9/:-]/i.test(sign) || json[at - 1] === '\\' || json.includes('\\u')) return json
  const hex = sign.charCodeAt(0).toString(16).padStart(4, '0')
  return `${json.slice(0, at)}\\u${dice.once(2) ? hex.toUpperCase() : hex}${json.slice(at + 1)}`
}
