import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gatherSettings } from '../../../src/runtime/setting-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'footfall-setting-files-'))
after(() => rmSync(folder, { recursive: true }))

function written(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

type Values = Readonly<Record<string, string>>
const gather = (environment: Values, dotenv: Values = {}) =>
  gatherSettings(
    [
      { called: 'the environment', values: environment },
      { called: '.env', values: dotenv },
    ],
    folder,
  )

test('a password is read from its file, without the one line end behind it', () => {
  const cases = [
    ['hush', 'hush'],
    ['hush\n', 'hush'],
    ['hush\r\n', 'hush'],
    ['hush\n\n', 'hush\n'],
    [' hush ', ' hush '],
    ['pässwörd\n', 'pässwörd'],
    ['\uFEFFhush', 'hush'],
  ] as const
  for (const [content, password] of cases) {
    const path = written('password', content)
    const { named, files, problems } = gather({ POSTGRES_PASSWORD_FILE: path })
    assert.deepEqual({ ...named }, { POSTGRES_PASSWORD: password })
    assert.deepEqual([[...files], problems], [[['POSTGRES_PASSWORD', path]], []])
  }
})

test('a relative path starts at the project', () => {
  written('relative', 'hush')
  assert.equal(gather({ POSTGRES_PASSWORD_FILE: 'relative' }).named['POSTGRES_PASSWORD'], 'hush')
  assert.equal(gather({ POSTGRES_PASSWORD_FILE: './relative' }).named['POSTGRES_PASSWORD'], 'hush')
})

test('the environment decides before .env, with either name, and what it outranks is not even read', () => {
  const path = written('password', 'from the file')
  const missing = join(folder, 'missing')
  const file = gather({ POSTGRES_PASSWORD_FILE: path }, { POSTGRES_PASSWORD: 'footfall' })
  assert.deepEqual([file.named['POSTGRES_PASSWORD'], file.problems], ['from the file', []])
  const value = gather({ POSTGRES_PASSWORD: 'given' }, { POSTGRES_PASSWORD_FILE: missing })
  assert.deepEqual([value.named['POSTGRES_PASSWORD'], value.problems], ['given', []])
  assert.equal(gather({}, { POSTGRES_PASSWORD_FILE: path }).named['POSTGRES_PASSWORD'], 'from the file')
})

test('both names in one source are refused, and neither value is taken', () => {
  const path = written('password', 'hush')
  const both = { POSTGRES_PASSWORD: 'hush-hush', POSTGRES_PASSWORD_FILE: path }
  for (const [source, gathered] of [
    ['the environment', gather(both)],
    ['.env', gather({}, both)],
  ] as const) {
    const problem = `POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE are both set in ${source}; leave one of them out`
    assert.deepEqual([{ ...gathered.named }, gathered.problems], [{}, [problem]])
  }
})

test('a file that cannot be used is told by variable, path and cause, without its content', () => {
  mkdirSync(join(folder, 'sub'))
  const cases = [
    [join(folder, 'missing'), 'is not there'],
    [join(written('file', 'hush'), 'below'), 'is not there: a part of the path is no folder'],
    [join(folder, 'sub'), 'is a folder'],
    [written('empty', ''), 'is empty'],
    [written('line', '\n'), 'is empty'],
    [written('latin1', Buffer.from([0x68, 0x75, 0xe9, 0x68])), 'is no UTF-8 text'],
  ] as const
  for (const [path, why] of cases) {
    const { named, problems } = gather({ POSTGRES_PASSWORD_FILE: path })
    assert.deepEqual([{ ...named }, problems], [{}, [`POSTGRES_PASSWORD_FILE names ${path}, which ${why}`]])
  }
})

test('a setting that is no secret is not looked for in a file', () => {
  assert.deepEqual({ ...gather({ POSTGRES_USER_FILE: written('user', 'me') }).named }, {})
})
