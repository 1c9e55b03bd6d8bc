/** An event as a list of members in raw JSON, and what can be done to it on the level of JSON's grammar. */
import type { Dice } from './dice.ts'
import type { Pool } from './pool.ts'
import { eventIdText, items, type Moment, oddText, quoted, recentMs, timestampText, users, uuidText } from './texts.ts'

/** Name and value as they are written, the name in its quotes. */
export type Member = readonly [name: string, value: string]

const names = ['user_id', 'item_id', 'activity_type', 'timestamp', 'event_id'] as const
type Name = (typeof names)[number]

/** A good one; two of three have an id, from a set so small that ids come again. */
export function drawnEvent(dice: Dice, at: Moment): Member[] {
  const members: Member[] = [
    ['"user_id"', `"${dice.pick(users)}"`],
    ['"item_id"', `"${dice.pick(items)}"`],
    ['"activity_type"', dice.pick(['"view"', '"click"', '"purchase"'])],
    ['"timestamp"', `"${new Date(recentMs(dice, at)).toISOString()}"`],
  ]
  if (!dice.once(3)) members.push(['"event_id"', `"id-${dice.below(4_000)}"`])
  return members
}

export type MemberMutation = (dice: Dice, pool: Pool, members: Member[], at: Moment) => void

/** By name, so that a run can say how often each was made. */
export const memberMutations: Readonly<Record<string, MemberMutation>> = {
  'member left out': (dice, _pool, members) => members.splice(dice.below(members.length), 1),
  'member twice, the other value last': (dice, pool, members, at) => {
    const [name] = dice.pick(members)
    members.push([name, valueFor(dice, pool, nameOf(name), at)])
  },
  'member twice, the other value first': (dice, pool, members, at) => {
    const [name] = dice.pick(members)
    members.unshift([name, valueFor(dice, pool, nameOf(name), at)])
  },
  'member renamed': (dice, pool, members) => {
    const at = dice.below(members.length)
    const [name, value] = members[at]!
    members[at] = [renamed(dice, pool, name), value]
  },
  'members in another order': (dice, _pool, members) => {
    for (let at = members.length - 1; at > 0; at--) {
      const other = dice.below(at + 1)
      ;[members[at], members[other]] = [members[other]!, members[at]!]
    }
  },
  'unknown member': (dice, pool, members) => {
    const name = dice.once(3) ? dice.pick(specialNames) : quoted(dice, dice.pick(pool.strings))
    members.splice(dice.below(members.length + 1), 0, [name, anyValue(dice, pool)])
  },
  'another timestamp': (dice, _pool, members, at) =>
    setValue(members, 'timestamp', quoted(dice, timestampText(dice, at))),
  'another UUID': (dice, _pool, members) => {
    const [name, id] = dice.once(2)
      ? (['user_id', dice.pick(users)] as const)
      : (['item_id', dice.pick(items)] as const)
    setValue(members, name, quoted(dice, uuidText(dice, id)))
  },
  'another event id': (dice, _pool, members) => setValue(members, 'event_id', quoted(dice, eventIdText(dice))),
  'another text': (dice, pool, members) => setValue(members, dice.pick(names), quoted(dice, oddText(dice, pool))),
  'another type': (dice, pool, members) => setValue(members, dice.pick(names), anyValue(dice, pool)),
  'written with an escape': (dice, _pool, members) => {
    const at = dice.below(members.length)
    const [name, value] = members[at]!
    if (value.startsWith('"') && !value.includes('\\')) members[at] = [name, quoted(dice, value.slice(1, -1))]
  },
}

function setValue(members: Member[], name: Name, value: string): void {
  const at = members.findIndex(([written]) => written === `"${name}"`)
  if (at < 0) members.push([`"${name}"`, value])
  else members[at] = [members[at]![0], value]
}

const nameOf = (written: string) => written.slice(1, -1)

function valueFor(dice: Dice, pool: Pool, name: string, at: Moment): string {
  if (dice.once(3)) return anyValue(dice, pool)
  if (name === 'timestamp') return quoted(dice, timestampText(dice, at))
  if (name === 'event_id') return quoted(dice, dice.once(2) ? `id-${dice.below(4_000)}` : eventIdText(dice))
  if (name === 'activity_type') return dice.pick(['"view"', '"click"', '"purchase"', '"like"', '"View"'])
  return quoted(dice, uuidText(dice, dice.pick(users)))
}

const specialNames = ['"__proto__"', '"constructor"', '"toString"', '""', '"reason"', '"USER_ID"', '"user_id "', '"0"']

function renamed(dice: Dice, pool: Pool, name: string): string {
  switch (dice.below(5)) {
    case 0:
      return name.toUpperCase()
    case 1:
      return dice.pick(specialNames)
    case 2:
      return quoted(dice, dice.pick(pool.strings))
    case 3:
      return `"\\u${name.charCodeAt(1).toString(16).padStart(4, '0')}${name.slice(2)}` // the same name
    default:
      return nameOf(name) // without its quotes
  }
}

const numbers = [
  ...['0', '-0', '1', '-1', '1.5', '1e3', '1E+3', '1e400', '-1e-400', '9007199254740993', '1790000000000'],
  ...['01', '1.', '.5', '+1', '1e', '-', '0x1', 'NaN', 'Infinity', '1_0', '٣'], // none of these is JSON
]
const words = ['null', 'true', 'false', '[]', '{}', '""', 'nul', 'True', 'undefined', '[,]', '[1,]', '{"a"}', "'x'", '']

function anyValue(dice: Dice, pool: Pool): string {
  switch (dice.below(dice.once(400) ? 6 : 4)) {
    case 0:
      return dice.pick(numbers)
    case 1:
      return dice.pick(words)
    case 2:
      return dice.pick(pool.documents)
    case 3:
      return quoted(dice, dice.pick(pool.strings))
    case 4: {
      const depth = dice.pick([10, 500, 3_000, 20_000])
      return dice.once(2) ? '['.repeat(depth) + ']'.repeat(depth) : '{"a":'.repeat(depth) + 1 + '}'.repeat(depth)
    }
    default:
      return dice.once(2) ? `"${'x'.repeat(dice.below(50_000))}"` : '9'.repeat(dice.below(50_000))
  }
}
