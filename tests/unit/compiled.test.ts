import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from '../../src/runtime/config.ts'

for (const [folder, name] of [
  ['src/kernel', 'kernel.wasm'],
  ['src/kafka/lz4', 'lz4.wasm'],
] as const) {
  test(`${name} is what its source compiles to`, () => {
    const made = mkdtempSync(join(tmpdir(), 'footfall-compiled-'))
    try {
      const outFile = join(made, name)
      const compiler = join(projectRoot, 'node_modules/assemblyscript/bin/asc.js')
      const config = `${folder}/assembly/asconfig.json`
      execFileSync(process.execPath, [compiler, '--config', config, '--outFile', outFile], { cwd: projectRoot })
      const committed = readFileSync(join(projectRoot, folder, name))
      assert.ok(readFileSync(outFile).equals(committed), `${folder}/assembly was changed: run npm run kernel`)
    } finally {
      rmSync(made, { recursive: true })
    }
  })
}
