/** Names that are no settings, but were meant to be. */
import { fileName } from './setting-files.ts'
import { type Setting, settings } from './settings.ts'

/** A name in `.env` that is one slip away from a setting: silently ignored it would cost somebody an evening. */
export function misspelt(dotenv: Readonly<Record<string, string | undefined>>): string[] {
  const known = settings as readonly Setting[]
  const names = known.flatMap(({ name, fromFile }) => (fromFile ? [name, fileName(name)] : [name]))
  return Object.keys(dotenv).flatMap(name => {
    if (names.includes(name)) return []
    const whole = names.find(one => fileName(one) === name)
    if (whole !== undefined) return [`${name} in .env is no setting: ${whole} does not come from a file`]
    const near = names.find(one => slips(one, name) <= 2)
    return near === undefined ? [] : [`${name} in .env is no setting; did you mean ${near}?`]
  })
}

/** Edit distance of two names. */
function slips(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length]!
}
