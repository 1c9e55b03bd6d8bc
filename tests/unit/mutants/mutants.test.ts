import assert from 'node:assert/strict'
import { stripTypeScriptTypes } from 'node:module'
import { test } from 'node:test'
import { formatDiagnostic, isError, newOptions, newProgram, nextDiagnostic, parse } from 'assemblyscript'
import { ablations } from '../../mutants/ablations.ts'
import { changed, sourceOf } from '../../mutants/copy.ts'
import { mutants } from '../../mutants/mutants.ts'

test('each planted bug and each ablation has a name of its own', () => {
  assert.ok(mutants.length >= 40)
  const names = [...mutants, ...ablations].map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
})

test('each planted bug and each ablation can be run: what cannot be parsed would be noticed by everybody', () => {
  for (const change of [...mutants, ...ablations.flatMap(({ changes }) => changes)]) {
    const text = changed(change)
    if (sourceOf(change.file) !== undefined) parseAssemblyScript(text, change.file)
    else if (change.file.endsWith('.ts')) stripTypeScriptTypes(text)
  }
})

/** It looks like TypeScript, with casts that Node does not take. */
function parseAssemblyScript(text: string, file: string): void {
  const program = newProgram(newOptions())
  parse(program, text, file, true)
  for (let said = nextDiagnostic(program); said !== null; said = nextDiagnostic(program)) {
    assert.ok(!isError(said), formatDiagnostic(said, false, true))
  }
}
