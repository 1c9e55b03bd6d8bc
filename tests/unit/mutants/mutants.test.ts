import assert from 'node:assert/strict'
import { stripTypeScriptTypes } from 'node:module'
import { test } from 'node:test'
import { ablations } from '../../mutants/ablations.ts'
import { changed } from '../../mutants/copy.ts'
import { mutants } from '../../mutants/mutants.ts'

test('each planted bug and each ablation has a name of its own', () => {
  assert.ok(mutants.length >= 40)
  const names = [...mutants, ...ablations].map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
})

test('each planted bug and each ablation can be run: what cannot be parsed would be noticed by everybody', () => {
  for (const change of [...mutants, ...ablations.flatMap(({ changes }) => changes)]) {
    const text = changed(change)
    if (change.file.endsWith('.ts')) stripTypeScriptTypes(text)
  }
})
