/** A copy of the project with one place changed. Dependencies are linked, not copied. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from '../../src/runtime/config.ts'
import type { Mutant } from './mutant.ts'

const parts = ['src', 'tests', 'migrations', 'docs', 'footfall', 'package.json', 'tsconfig.json', '.env.example']

export interface Copy extends Disposable {
  readonly folder: string
}

/** @param mutant undefined: as it is. @throws when the place is not there exactly once: the mutant is out of date. */
export function copyWith(mutant: Mutant | undefined): Copy {
  const folder = mkdtempSync(join(tmpdir(), 'footfall-mutant-'))
  for (const part of parts) cpSync(join(projectRoot, part), join(folder, part), { recursive: true })
  symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'))
  if (mutant !== undefined) writeFileSync(join(folder, mutant.file), mutated(mutant))
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

/** The file's text with the defect in it. */
export function mutated({ name, file, find, put }: Mutant): string {
  const text = readFileSync(join(projectRoot, file), 'utf8')
  const places = text.split(find).length - 1
  if (places !== 1) throw new Error(`mutant "${name}": its place is ${places} times in ${file}, and not once`)
  return text.replace(find, () => put)
}
