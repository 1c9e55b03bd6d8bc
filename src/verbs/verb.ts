/** What a verb of `./footfall` is, and how its flags are read. */
import type { Source } from '../runtime/config.ts'

export type Flags = Readonly<Record<string, string | boolean | undefined>>

interface Flag {
  readonly type: 'string' | 'boolean'
  /** How its value is called in the help. */
  readonly value?: string
  readonly about: string
}

export interface Verb {
  /** One line of `--help`. */
  readonly about: string
  /** What `VERB --help` says besides. */
  readonly more: string
  /** What it takes besides flags, as its help shows it; a verb without this takes nothing. */
  readonly takes?: string
  readonly flags: Readonly<Record<string, Flag>>
  /** @param words what was given besides flags. @returns the exit code. */
  readonly run: (flags: Flags, words: readonly string[]) => Promise<number>
}

/** A flag or a verb that there is not, or that cannot be so. */
export class WrongUse extends Error {}

export const json: Flag = { type: 'boolean', about: 'for programs' }
export const yes: Flag = { type: 'boolean', about: 'do not ask' }

export function text(flags: Flags, name: string): string | undefined {
  const value = flags[name]
  return typeof value === 'string' ? value : undefined
}

export function wholeNumber(flags: Flags, name: string): number | undefined {
  const text = flags[name]
  if (typeof text !== 'string') return undefined
  if (!/^\d{1,15}$/.test(text)) throw new WrongUse(`--${name} is "${text}"; allowed: a whole number from 0`)
  return Number(text)
}

/** Flags that are settings, under the names of the settings. */
export function overrides(flags: Flags, names: Readonly<Record<string, string>>): Source {
  return Object.fromEntries(
    Object.entries(names).flatMap(([flag, name]) => (typeof flags[flag] === 'string' ? [[name, flags[flag]]] : [])),
  )
}
