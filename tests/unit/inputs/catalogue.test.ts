/** Every number of the catalogue of bad inputs is tried somewhere, or there is a reason why not; and the settings (E). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseConfig, projectRoot, WrongSettings } from '../../../src/runtime/config.ts'
import { adminCases } from '../../inputs/admin-requests.ts'
import { counts, elsewhere, notApplicable } from '../../inputs/catalogue.ts'
import { recordsCases } from '../../inputs/records.ts'
import { requestCases } from '../../inputs/requests.ts'
import { settingCases } from '../../inputs/settings.ts'
import { valueCases } from '../../inputs/values.ts'

const atMs = Date.parse('2026-11-22T10:00:00Z')
const cases = [...valueCases(atMs), ...recordsCases(atMs), ...requestCases, ...adminCases, ...settingCases]
/** `K5 to K7` is three numbers. */
const inTables = new Set(cases.flatMap(({ name }) => numbersOf(/^([A-Z]\d+)(?: to [A-Z](\d+))? /.exec(name)!)))

function numbersOf([, first, last]: RegExpExecArray): string[] {
  const [letter, from] = [first!.slice(0, 1), Number(first!.slice(1))]
  return Array.from({ length: Number(last ?? from) - from + 1 }, (_, n) => `${letter}${from + n}`)
}

test('each number of the catalogue is in a table, in a test of its own, or told why not; none is both tried and left out', () => {
  const all = Object.entries(counts).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, n) => `${letter}${n + 1}`),
  )
  const tried = new Set([...inTables, ...Object.keys(elsewhere)])
  assert.deepEqual(
    all.filter(number => tried.has(number) === number in notApplicable),
    [],
  )
  assert.deepEqual(
    [...tried, ...Object.keys(notApplicable)].filter(number => !all.includes(number)),
    [],
  )
})

test('what is tried elsewhere is there by its name', () => {
  for (const [number, [file, name]] of Object.entries(elsewhere)) {
    const text = readFileSync(join(projectRoot, file), 'utf8')
    assert.ok(text.includes(`'${name}`), `${number}: ${file} has no test "${name}"`)
  }
})

test('the cases have names of their own, so that one that fails is found', () => {
  const values = [...valueCases(atMs), ...recordsCases(atMs)].map(({ name }) => name)
  assert.deepEqual(
    values.filter((name, n) => values.indexOf(name) !== n),
    [],
  )
  assert.ok(values.length > 120 && requestCases.length > 150 && settingCases.length > 40)
})

test('E: each setting of the catalogue is taken, or refused in one message that names it, without a secret', () => {
  for (const { name, given, refusal } of settingCases) {
    let problems: readonly string[] = []
    try {
      parseConfig(given)
    } catch (error) {
      assert.ok(error instanceof WrongSettings, `${name}: ${error}`)
      problems = error.problems
    }
    assert.equal(problems.length, refusal === 'taken' ? 0 : 1, `${name}: ${problems.join(' | ')}`)
    if (refusal !== 'taken') assert.match(problems[0]!, refusal, name)
    assert.ok(!/hush|short|blanks/.test(problems.join().replace('16 to 1024 visible', '')), name)
  }
})
