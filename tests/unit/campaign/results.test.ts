import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { page, resultsFile } from '../../campaign/campaign.ts'
import { render } from '../../campaign/render.ts'
import type { Report } from '../../campaign/report.ts'
import { summaryOf } from '../../campaign/summary.ts'
import type { Tool } from '../../campaign/tools.ts'

const tool: Tool = {
  name: 'simulate',
  shows: 'Something.',
  isSeeded: true,
  runs: [[]],
  goals: [
    { figure: 'schedules', least: 10 },
    { figure: 'failures', most: 0 },
  ],
}
const report = (seed: number, change: Partial<Report> = {}): Report => ({
  tool: 'simulate',
  command: `npm run simulate -- --seed ${seed}`,
  seed,
  startedAt: '2026-11-22T10:00:00.000Z',
  seconds: 3_000,
  commit: 'abc',
  verdict: 'passed',
  figures: { schedules: 5, failures: 0, 'recovery p99': seed, 'schedules a second': seed, rarest: 'a|b' },
  table: {
    columns: ['state', 'times', 'longest'],
    rows: [
      ['fenced', 2, seed],
      [`only ${seed}`, 1, 1],
    ],
  },
  ...change,
})

test('reports of one tool are added up; percentiles and rates are not', () => {
  const { figures, table, faults } = summaryOf(tool, [report(1), report(2), report(7, { tool: 'other' })])
  assert.deepEqual(faults, [])
  assert.deepEqual(Object.fromEntries(figures), {
    schedules: 10,
    failures: 0,
    'recovery p99': 2,
    'schedules a second': 1,
    rarest: 'a|b',
  })
  assert.deepEqual(table?.rows, [
    ['fenced', 4, 2],
    ['only 1', 1, 1],
    ['only 2', 1, 1],
  ])
})

test('what is absent, failed, run twice, too small, or does not say, has not passed', () => {
  const faults = (...reports: Report[]) => summaryOf(tool, reports).faults
  assert.deepEqual(faults(), ['was not run'])
  assert.deepEqual(faults(report(1), report(2, { verdict: 'failed' })), ['seed 2 failed'])
  assert.deepEqual(faults(report(1), report(1)), ['a seed was run twice'])
  assert.deepEqual(faults(report(1)), ['schedules: 5, not 10'])
  assert.deepEqual(faults(report(1, { figures: { schedules: 10 } })), ['does not say how many failures'])
  assert.deepEqual(faults(report(1, { figures: { schedules: 10, failures: 1 } })), ['failures: 1'])
})

test('the page says first whether everything passed, and shows every figure and every command', () => {
  const machine = { cores: '2' }
  const good = render([summaryOf(tool, [report(1), report(2)])], machine)
  assert.match(
    good,
    /^# Results of the campaign\n.*\*\*Everything passed\.\*\*\n\n\| tool \|.*\| 10 schedules, 0 failures \| 100 min \| passed \|/s,
  )
  for (const part of ['| cores | 2 |', '`npm run simulate -- --seed 2`', '| rarest | a\\|b |', '| fenced | 4 | 2 |']) {
    assert.ok(good.includes(part), part)
  }
  const bad = render([summaryOf(tool, [])], machine)
  assert.match(bad, /\*\*Not everything passed\.\*\*.*\*\*not passed\*\*: was not run/s)
})

test('tests/RESULTS.md is what the reports beside it say; `npm run campaign -- --render` makes it so', () => {
  assert.equal(readFileSync(resultsFile, 'utf8'), page().text)
})
