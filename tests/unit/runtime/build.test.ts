import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readCommit } from '../../../src/runtime/build.ts'

const one = '1'.repeat(40)
const two = '2'.repeat(40)

test('the commit is the one that is checked out, however git keeps it', t => {
  assert.equal(readCommit(rootWith(t, { '.git/HEAD': `${one}\n` })), one)
  const head = { '.git/HEAD': 'ref: refs/heads/main\n' }
  assert.equal(readCommit(rootWith(t, { ...head, '.git/refs/heads/main': `${one}\n` })), one)
  const packed = `# pack-refs\n${two} refs/heads/not/main\n${one} refs/heads/main\n`
  assert.equal(readCommit(rootWith(t, { ...head, '.git/packed-refs': packed })), one)
})

test('an image has no repository but a file, and without both it is unknown', t => {
  assert.equal(readCommit(rootWith(t, { '.commit': `${two}\n` })), two)
  assert.equal(readCommit(rootWith(t, {})), 'unknown')
  assert.equal(readCommit(rootWith(t, { '.git/HEAD': 'ref: refs/heads/unborn\n' })), 'unknown')
})

function rootWith(test: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'footfall-unit-'))
  test.after(() => rmSync(root, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}
