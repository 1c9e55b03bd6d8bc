import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from '../../src/runtime/config.ts'

test('kernel.wasm is what its source compiles to', () => {
  const folder = mkdtempSync(join(tmpdir(), 'footfall-kernel-'))
  try {
    const outFile = join(folder, 'kernel.wasm')
    const compiler = join(projectRoot, 'node_modules/assemblyscript/bin/asc.js')
    const config = 'src/kernel/assembly/asconfig.json'
    execFileSync(process.execPath, [compiler, '--config', config, '--outFile', outFile], { cwd: projectRoot })
    const committed = readFileSync(join(projectRoot, 'src/kernel/kernel.wasm'))
    assert.ok(readFileSync(outFile).equals(committed), 'src/kernel/assembly was changed: run npm run kernel')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
