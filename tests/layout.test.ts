/** The house as CONTRIBUTING.md describes it. Nothing else is forbidden by tooling. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from '../src/runtime/config.ts'
import { type Event, events } from '../src/runtime/events.ts'
import { type Setting, settings } from '../src/runtime/settings.ts'

/** Which room may import which. A room that is not named here is not in the house. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  event: [],
  runtime: [],
  kernel: ['event'],
  dashboard: [],
  kafka: ['event', 'runtime'],
  postgres: ['runtime'],
  producer: ['event', 'kafka', 'runtime'],
  collector: ['event', 'kafka', 'runtime'],
  consumer: ['event', 'kafka', 'postgres', 'kernel', 'runtime'],
  evidence: ['event', 'kafka', 'postgres', 'runtime'],
  api: ['event', 'kafka', 'postgres', 'evidence', 'runtime'],
  stack: ['kafka', 'postgres', 'runtime'],
  upkeep: ['event', 'kafka', 'postgres', 'evidence', 'stack', 'runtime'],
  verbs: ['stack', 'producer', 'consumer', 'api', 'upkeep', 'evidence', 'runtime'],
}

const src = join(projectRoot, 'src')
const files = globSync('**/*.ts', { cwd: src }).sort()
const textOf = (file: string) => readFileSync(join(src, file), 'utf8')
const roomOf = (file: string) => file.split('/')[0]!

/** The files of ours that a file imports, statically or not, as paths from src. */
function importsOf(file: string): string[] {
  const specifiers = textOf(file).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g)
  return [...specifiers].map(([, path]) => resolve(src, dirname(file), path!).slice(src.length + 1))
}
const imports = new Map(files.map(file => [file, importsOf(file)]))
const across = files.flatMap(from => imports.get(from)!.map(to => ({ from, to }))).filter(one => one.from.includes('/'))

/** The first circle in a graph, or undefined. */
function circle(graph: ReadonlyMap<string, readonly string[]>): string | undefined {
  const done = new Set<string>()
  const visit = (node: string, path: readonly string[]): string | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node].join(' -> ')
    if (done.has(node)) return undefined
    for (const next of graph.get(node) ?? []) {
      const found = visit(next, [...path, node])
      if (found !== undefined) return found
    }
    done.add(node)
    return undefined
  }
  for (const node of graph.keys()) {
    const found = visit(node, [])
    if (found !== undefined) return found
  }
  return undefined
}

test('the imports are understood: every one leads to a file', () => {
  assert.ok(across.length > 50)
  assert.deepEqual(
    across.filter(({ to }) => !files.includes(to)),
    [],
  )
})

test('a room imports only what the table allows', () => {
  const rooms = new Set(files.filter(file => file.includes('/')).map(roomOf))
  assert.deepEqual(
    [...rooms].filter(room => mayImport[room] === undefined),
    [],
    'rooms that are not in the table',
  )
  const forbidden = across.filter(({ from, to }) => {
    const [room, other] = [roomOf(from), roomOf(to)]
    return room !== other && !mayImport[room]!.includes(other)
  })
  assert.deepEqual(forbidden, [])
})

test('proofs know the contract only: a recount with the judge of the count would prove nothing', () => {
  const isProof = (file: string) => roomOf(file) === 'evidence' && !file.startsWith('evidence/rejects/')
  const known = across.filter(({ from, to }) => isProof(from) && roomOf(to) === 'event')
  assert.deepEqual(
    across.filter(({ from, to }) => isProof(from) && to.startsWith('evidence/rejects/')),
    [],
    'and nothing of the repairs, which judge beforehand',
  )
  assert.deepEqual(
    known.filter(({ to }) => to !== 'event/schema.ts'),
    [],
  )
})

test('neither rooms nor files import each other in a circle', () => {
  const rooms = Object.keys(mayImport).map(room => {
    const others = across.filter(({ from, to }) => roomOf(from) === room && roomOf(to) !== room)
    return [room, others.map(({ to }) => roomOf(to))] as const
  })
  assert.equal(circle(new Map(rooms)), undefined)
  assert.equal(circle(imports), undefined)
})

test('a verb has a file, and imports the main file of a room or the files of its name', () => {
  const ofAll = ['verb.ts', 'verbs.ts', 'terminal.ts', 'role.ts'].map(file => `verbs/${file}`)
  const verbs = files.filter(file => roomOf(file) === 'verbs' && !ofAll.includes(file))
  assert.ok(verbs.includes('verbs/consumer.ts'))
  const names = verbs.map(file => file.split(/[/.]/)[1]!)
  const others = verbs
    .flatMap(verb => imports.get(verb)!)
    .filter(file => {
      const name = file.split('/')[1]!.split(/[-.]/)[0]! // trace-text.ts is a file of trace
      return !['runtime', 'verbs'].includes(roomOf(file)) && name !== roomOf(file) && !names.includes(name)
    })
  assert.deepEqual(others, [])
})

test('only runtime/config.ts reads the environment; others may hand it on to a process they start', () => {
  const handedOn = /\benv: \{ \.\.\.process\.env, /g
  const readers = files.filter(file => /process\W{1,3}env\b|'node:process'/.test(textOf(file).replaceAll(handedOn, '')))
  assert.deepEqual(readers, ['runtime/config.ts'])
})

test('there are no drawers', () => {
  const drawers = /(^|\/)(utils?|helpers?|common|shared|types?|misc|lib|index)(\.ts|\/|$)/
  assert.deepEqual(
    files.filter(file => drawers.test(file)),
    [],
  )
})

test('each promise has its tests, docs/guarantees.md links to each of them, and every link there leads somewhere', () => {
  const text = readFileSync(join(projectRoot, 'docs/guarantees.md'), 'utf8')
  const files = readdirSync(join(projectRoot, 'tests/promises'))
  for (const number of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const row = text.split('\n').find(line => line.startsWith(`| **G${number}** |`)) ?? ''
    const own = files.filter(file => file.startsWith(`g${number}-`) && file.endsWith('.test.ts'))
    assert.ok(own.length > 0, `G${number} has no test`)
    for (const file of own)
      assert.ok(row.includes(`(../tests/promises/${file})`), `G${number} does not link to ${file}`)
  }
  for (const [, path] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
    assert.ok(existsSync(join(projectRoot, 'docs', path!)), `docs/guarantees.md links to ${path}, which is not there`)
  }
})

test('every secret and every PEM text may come from a file, and every key is a secret', () => {
  for (const { name, type, secret, fromFile } of settings as readonly Setting[]) {
    assert.equal(fromFile === true, secret === true || type.kind === 'pem', name)
    if (type.kind === 'pem') assert.equal(secret === true, type.of === 'key', name)
  }
})

test('.env.example holds every setting with its default, and nothing else', () => {
  const path = join(projectRoot, '.env.example')
  assert.ok(existsSync(path), 'there is no .env.example')
  const lines = [...readFileSync(path, 'utf8').matchAll(/^(# ?)?([A-Z][A-Z0-9_]*)=(.*)$/gm)]
  const given = new Map(lines.map(([, comment, name, value]) => [name, { value, commented: comment !== undefined }]))
  const files = (settings as readonly Setting[]).filter(({ fromFile }) => fromFile).map(({ name }) => `${name}_FILE`)
  assert.deepEqual([...given.keys()].sort(), [...settings.map(({ name }) => name), ...files].sort())
  for (const name of files) assert.deepEqual(given.get(name), { value: '', commented: true }, name)
  for (const { name, fallback } of settings as readonly Setting[]) {
    const { value, commented } = given.get(name)!
    if (fallback === undefined) assert.ok(commented, `${name} has no default and would be set by a copy`)
    else assert.equal(value, fallback, name)
  }
  for (const name of ['KAFKA_BOOTSTRAP_SERVERS', 'POSTGRES_HOST']) {
    assert.ok(given.get(name)!.commented, `${name} would switch the embedded one off in a copy`)
  }
})

test('every log event is a name in snake case, is logged somewhere, and stands in docs/logs.md with its level', () => {
  const code = files.filter(file => file !== 'runtime/events.ts').map(textOf)
  for (const event of Object.keys(events)) {
    assert.match(event, /^[a-z]+(_[a-z]+)+$/)
    assert.ok(
      code.some(text => text.includes(`'${event}'`)),
      `${event} is logged nowhere`,
    )
  }
  const rows = readFileSync(join(projectRoot, 'docs/logs.md'), 'utf8').matchAll(/^\| `([a-z_]+)` \| (\w+) \| .{10}/gm)
  const documented = [...rows].map(([, event, level]) => `${event} ${level}`)
  assert.deepEqual(
    documented.sort(),
    Object.keys(events)
      .map(event => `${event} ${events[event as Event].level}`)
      .sort(),
  )
})

test('what a role says goes through its log, so that every line has an event', () => {
  const others = /\bconsole\.|\bpino\(|process\.stdout\.write/
  assert.deepEqual(
    files.filter(file => others.test(textOf(file))),
    ['runtime/log.ts', 'verbs/terminal.ts'],
  )
})
