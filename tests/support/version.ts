/** Another version of Footfall: a copy of the program with a part of it changed, to be run as a process beside this one. */
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../../src/runtime/config.ts'
import { freshName, sharedFolder } from './environment.ts'

export interface Changes {
  /** The version of its judge. */
  readonly judge?: number
  /** SQL of migrations that it has beyond ours. */
  readonly migrations?: readonly string[]
}

/** @returns the folder that it runs in, for roleProcess. */
export function anotherVersion({ judge, migrations = [] }: Changes): string {
  const folder = join(sharedFolder(), freshName('version'))
  mkdirSync(folder)
  for (const part of ['src', 'migrations', 'package.json', 'pom.xml']) {
    cpSync(join(projectRoot, part), join(folder, part), { recursive: true })
  }
  symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'))
  if (judge !== undefined) {
    const file = join(folder, 'src/event/judge.ts')
    const ours = readFileSync(file, 'utf8')
    const theirs = ours.replace(/^export const judgeVersion = \d+$/m, `export const judgeVersion = ${judge}`)
    assert.notEqual(theirs, ours)
    writeFileSync(file, theirs)
  }
  const last = readdirSync(join(folder, 'migrations')).length
  for (const [i, sql] of migrations.entries()) {
    writeFileSync(join(folder, 'migrations', `${String(last + 1 + i).padStart(4, '0')}-later.sql`), sql)
  }
  return folder
}
