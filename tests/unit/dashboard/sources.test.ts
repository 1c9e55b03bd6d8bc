/** What holds for the page's code as text. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { reasons } from '../../../src/event/fate.ts'
import { projectRoot } from '../../../src/runtime/config.ts'

const room = join(projectRoot, 'src/dashboard')
const files = globSync('*', { cwd: room })
const textOf = (file: string) => readFileSync(join(room, file), 'utf8')

test('the page imports its own files only, and nothing from another host', () => {
  for (const file of files.filter(name => name.endsWith('.js'))) {
    for (const [, path] of textOf(file).matchAll(/(?:^(?:import|export) [^;']*?from |import\()'([^']+)'/gm)) {
      assert.match(path!, /^\.\/[a-z-]+\.js$/, file)
      assert.ok(path === './uplot.js' || files.includes(path!.slice(2)), `${file} imports ${path}, which is not there`)
    }
  }
  for (const file of files)
    assert.doesNotMatch(textOf(file).replaceAll('http://www.w3.org/2000/svg', ''), /https?:\/\//, file)
})

test('nothing of it parses markup or text as code, and the document has neither inline code nor inline style', () => {
  for (const file of files.filter(name => name.endsWith('.js'))) {
    assert.doesNotMatch(
      textOf(file),
      /innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|document\.write|\beval\(|new Function|DOMParser|srcdoc/,
      file,
    )
  }
  const html = textOf('index.html')
  assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=/)
  for (const [tag] of html.matchAll(/<script[^>]*>/g)) assert.match(tag, /\ssrc="\/dashboard\//)
})

test('the document asks for every module at once, so that none waits for another to be read', () => {
  const preloaded = [...textOf('index.html').matchAll(/modulepreload" href="\/dashboard\/([^"]+)"/g)].map(
    ([, name]) => name,
  )
  const modules = files.filter(name => name.endsWith('.js') && name !== 'main.js')
  assert.deepEqual(preloaded.sort(), [...modules, 'uplot.js'].sort())
})

test('what is written of reasons and halts is complete: docs/guarantees.md has every reason, the page every halt', () => {
  const names = (file: string, from: string) =>
    [
      ...textOf(file)
        .split(from)[1]!
        .split('\n}')[0]!
        .matchAll(/^ {2}(\w+):/gm),
    ].map(([, name]) => name)
  const guarantees = readFileSync(join(projectRoot, 'docs/guarantees.md'), 'utf8')
  const told = (title: string): string[] =>
    [
      ...guarantees
        .split(`**${title}**`)[1]!
        .split('\n')[0]!
        .matchAll(/`([a-z_0-9]+)`/g),
    ].map(([, name]) => name!)
  assert.deepEqual(told('Reasons of a rejection').sort(), Object.keys(reasons).sort())
  const others = ['compact', 'footfall_partition_halted', 'partition_decisions']
  const halt = told('Reasons of a halt').filter(name => !others.includes(name))
  assert.deepEqual(names('halts.js', 'const meanings = {').sort(), halt.sort())
})
