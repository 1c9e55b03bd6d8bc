/** A record's value: an event with some mutations of its members, then of its text, then of its bytes. */
import type { Dice } from './dice.ts'
import { drawnEvent, type Member, memberMutations } from './event.ts'
import type { Pool } from './pool.ts'
import { editedText, type Moment } from './texts.ts'

/** How often each mutation was made. */
export type Made = Map<string, number>

/** @returns null: a tombstone. */
export function drawnValue(dice: Dice, pool: Pool, at: Moment, made: Made): Buffer | null {
  const note = (name: string) => void made.set(name, (made.get(name) ?? 0) + 1)
  if (dice.once(20)) {
    const name = dice.pick(wholeNames)
    note(name)
    return wholes[name]!(dice, pool)
  }
  const members = drawnEvent(dice, at)
  for (let left = dice.pick([0, 0, 1, 1, 1, 2, 3]); left > 0 && members.length > 0; left--) {
    const name = dice.pick(memberNames)
    note(name)
    memberMutations[name]!(dice, pool, members, at)
  }
  let text = dice.once(8) ? spaced(dice, members) : `{${members.map(([name, value]) => `${name}:${value}`).join()}}`
  if (dice.once(12)) {
    const name = dice.pick(textNames)
    note(name)
    text = textMutations[name]!(dice, text)
  }
  const bytes = Buffer.from(text)
  if (!dice.once(12)) return bytes
  const name = dice.pick(byteNames)
  note(name)
  return byteMutations[name]!(dice, bytes)
}

/** Mostly an event that keeps the contract, written as one may write it. */
export function mostlyGoodValue(dice: Dice, pool: Pool, at: Moment, made: Made): Buffer | null {
  if (dice.once(6)) return drawnValue(dice, pool, at, made)
  const members = drawnEvent(dice, at)
  if (dice.once(3)) memberMutations['members in another order']!(dice, pool, members, at)
  const text = `{${members.map(([name, value]) => `${name}:${value}`).join()}}`
  return Buffer.from(
    dice.once(3) ? text.replace(/[,:{}](?=["}])/g, sign => `${sign}${dice.pick(['', ' ', '\n  '])}`) : text,
  )
}

const wholes: Readonly<Record<string, (dice: Dice, pool: Pool) => Buffer | null>> = {
  tombstone: () => null,
  'no bytes': () => Buffer.alloc(0),
  blanks: dice => Buffer.from(' \t\r\n'.slice(dice.below(4))),
  'any JSON': (dice, pool) => Buffer.from(dice.pick(pool.documents)),
  'any text': (dice, pool) => Buffer.from(dice.pick(pool.strings)),
  noise: (dice, pool) => dice.pick(pool.noise),
}

/** Blanks between tokens, and now and then one that JSON does not have. */
function spaced(dice: Dice, members: readonly Member[]): string {
  const blank = () =>
    dice.once(60) ? dice.pick(['\v', '\f', '\u00a0', '\ufeff']) : dice.pick(['', ' ', '\n', '\r\n\t'])
  const parts = members.map(([name, value]) => `${blank()}${name}${blank()}:${blank()}${value}${blank()}`)
  return `${blank()}{${parts.join()}}${blank()}`
}

const textMutations: Readonly<Record<string, (dice: Dice, text: string) => string>> = {
  'cut off': (dice, text) => text.slice(0, dice.below(text.length)),
  'two documents': (_dice, text) => text + text,
  'something behind it': (dice, text) => text + dice.pick(['\0', 'x', ',', '}', ' null', '\ufeff', '//', '\u2028']),
  'something before it': (dice, text) => dice.pick(['\ufeff', '\0', ',', '/**/', '\u2028', ")]}'\n"]) + text,
  'a comma too much': (dice, text) => (dice.once(2) ? `${text.slice(0, -1)},}` : text.replace(',', ',,')),
  'in a list': (_dice, text) => `[${text}]`,
  'in an object': (dice, text) => `{${dice.pick(['"__proto__"', '"event"', '""'])}:${text}}`,
  'as a JSON string': (_dice, text) => JSON.stringify(text),
  'single quotes': (_dice, text) => text.replaceAll('"', "'"),
  'characters edited': editedText,
}

const notUtf8 = [
  '\xff',
  '\xc0\x80',
  '\xe0\x80\xaf',
  '\xed\xa0\x80',
  '\xf4\x90\x80\x80',
  '\x80',
  '\xe2\x82',
  '\xf0\x9f\x98',
]
const utf8 = ['\xef\xbf\xbd', '\xef\xbb\xbf', '\xf0\x9f\x98\x80', '\0']

const byteMutations: Readonly<Record<string, (dice: Dice, bytes: Buffer) => Buffer>> = {
  'a byte changed': (dice, bytes) => {
    if (bytes.length > 0) bytes[dice.below(bytes.length)] = dice.below(256)
    return bytes
  },
  'bytes left out': (dice, bytes) => {
    const at = dice.below(bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + dice.below(4))])
  },
  'bytes that are no UTF-8': (dice, bytes) => inserted(dice, bytes, dice.pick(notUtf8)),
  'bytes of UTF-8': (dice, bytes) => inserted(dice, bytes, dice.pick(utf8)),
  'cut in the middle of bytes': (dice, bytes) => bytes.subarray(0, dice.below(bytes.length + 1)),
  'UTF-16': (_dice, bytes) => Buffer.from(bytes.toString(), 'utf16le'),
  'Latin-1': (_dice, bytes) => Buffer.from(bytes.toString(), 'latin1'),
}

function inserted(dice: Dice, bytes: Buffer, what: string): Buffer {
  const at = dice.below(bytes.length + 1)
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(what, 'latin1'), bytes.subarray(at)])
}

const wholeNames = Object.keys(wholes)
const memberNames = Object.keys(memberMutations)
const textNames = Object.keys(textMutations)
const byteNames = Object.keys(byteMutations)

/** All that a run should have made. */
export const mutationNames: readonly string[] = [...wholeNames, ...memberNames, ...textNames, ...byteNames]
