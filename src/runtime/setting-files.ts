/**
 * A setting that may come from a file: `NAME_FILE` is the path of what would else stand in `NAME`, as container
 * platforms hand out passwords and keys. Whoever comes first (flags, environment, `.env`) decides, with either name.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Setting, settings } from './settings.ts'

/** Values by name: what one source says. Nothing in it is empty. */
export interface SettingSource {
  /** As messages call it: `the environment`. */
  readonly called: string
  readonly values: Readonly<Record<string, string | undefined>>
}

export interface Gathered {
  /** What somebody gave, by the name of the setting. */
  readonly named: Readonly<Record<string, string>>
  /** Where a value was read, by the name of the setting: the full path. */
  readonly files: ReadonlyMap<string, string>
  /** Whole sentences, without any content. */
  readonly problems: readonly string[]
}

/** The name under which the path of a file is given. */
export const fileName = (name: string): string => `${name}_FILE`

/**
 * Takes every setting from the first source that has it, and reads the files of those that are given so.
 * @param sources in the order of their rank; @param folder where relative paths start.
 */
export function gatherSettings(sources: readonly SettingSource[], folder: string): Gathered {
  const named: Record<string, string> = {}
  const files = new Map<string, string>()
  const problems: string[] = []
  for (const { name, fromFile } of settings as readonly Setting[]) {
    const pathOf = ({ values }: SettingSource) => (fromFile ? values[fileName(name)] : undefined)
    const source = sources.find(one => one.values[name] !== undefined || pathOf(one) !== undefined)
    if (source === undefined) continue
    const value = source.values[name]
    const path = pathOf(source)
    if (path === undefined) named[name] = value!
    else if (value !== undefined) {
      problems.push(`${name} and ${fileName(name)} are both set in ${source.called}; leave one of them out`)
    } else {
      const full = resolve(folder, path)
      const { content, problem } = readText(full)
      if (problem !== undefined) problems.push(`${fileName(name)} names ${full}, which ${problem}`)
      else {
        named[name] = content
        files.set(name, full)
      }
    }
  }
  return { named, files, problems }
}

type Text =
  | { readonly content: string; readonly problem?: never }
  | { readonly content?: never; readonly problem: string }

/** The file without the line end that editors and `echo` put behind a password. */
function readText(path: string): Text {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    return { problem: whyUnreadable[code] ?? `cannot be read (${code})` }
  }
  try {
    const content = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '')
    return content.trim() === '' ? { problem: 'is empty' } : { content }
  } catch {
    return { problem: 'is no UTF-8 text' }
  }
}

const whyUnreadable: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  EACCES: 'this user may not read',
  EISDIR: 'is a folder',
  ENOTDIR: 'is not there: a part of the path is no folder',
}
