import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mutated } from '../../mutants/copy.ts'
import { mutants } from '../../mutants/mutants.ts'

test('each planted bug has its place in the code, once, and a name of its own', () => {
  assert.ok(mutants.length >= 40)
  for (const mutant of mutants) mutated(mutant)
  const names = mutants.map(({ name, file }) => `${file} ${name}`)
  assert.equal(new Set(names).size, names.length)
})
