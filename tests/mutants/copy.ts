/** A copy of the project with some places changed. Dependencies are linked, not copied. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from '../../src/runtime/config.ts'
import type { Change } from './mutant.ts'

const parts = ['src', 'tests', 'migrations', 'docs', 'footfall', 'package.json', 'tsconfig.json', '.env.example']

/** What is compiled before anything runs it. */
const compiled = ['src/kernel/assembly/', 'src/kafka/lz4/assembly/']

/** The folder of a file that has to be compiled; undefined: it has not. */
export const sourceOf = (file: string): string | undefined => compiled.find(folder => file.startsWith(folder))

export interface Copy extends Disposable {
  readonly folder: string
}

/** @throws when a place is not there exactly once: the change is out of date. */
export function copyWith(changes: readonly Change[]): Copy {
  const folder = mkdtempSync(join(tmpdir(), 'footfall-mutant-'))
  for (const part of parts) cpSync(join(projectRoot, part), join(folder, part), { recursive: true })
  symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'))
  for (const change of changes) writeFileSync(join(folder, change.file), changed(change, folder))
  for (const source of new Set(changes.map(({ file }) => sourceOf(file)))) if (source) compile(source, folder)
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

/** A defect of its source is none before it is compiled. */
function compile(source: string, folder: string): void {
  const compiler = join(projectRoot, 'node_modules/assemblyscript/bin/asc.js')
  execFileSync(process.execPath, [compiler, '--config', `${source}asconfig.json`], { cwd: folder })
}

/** The file's text with the change in it. */
export function changed({ file, find, put }: Change, folder = projectRoot): string {
  const text = readFileSync(join(folder, file), 'utf8')
  const places = text.split(find).length - 1
  if (places !== 1) throw new Error(`"${find}" is ${places} times in ${file}, and not once`)
  return text.replace(find, () => put)
}
