/** The files in watch/ as they stand; that their metrics exist is shown on running roles, in tests/integration. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { projectRoot } from '../../src/runtime/config.ts'
import { groupingOf, selectorsOf } from '../support/promql.ts'

interface Rule {
  readonly alert: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: { readonly summary: string; readonly runbook_url: string }
}

interface Panel {
  readonly id: number
  readonly title: string
  readonly type: string
  readonly datasource?: { readonly uid: string }
  readonly targets?: readonly { readonly datasource: { readonly uid: string } }[]
}

const textOf = (path: string) => readFileSync(join(projectRoot, path), 'utf8')
const rules = parse(textOf('watch/alerts.yml')).groups[0].rules as readonly Rule[]

test('each alert says how urgent it is and leads to its heading in docs/operating.md, and each such heading has one', () => {
  const headings = [...textOf('docs/operating.md').matchAll(/^#### (Footfall\w+)$/gm)].map(([, name]) => name!)
  assert.deepEqual(rules.map(({ alert }) => alert).sort(), headings.sort())
  for (const { alert, labels, annotations } of rules) {
    assert.ok(['page', 'ticket'].includes(labels['severity']!), alert)
    assert.match(annotations.summary, /\.$/)
    assert.equal(annotations.runbook_url, `docs/operating.md#${alert.toLowerCase()}`)
  }
})

test('each alert is tried, both when it must be raised and when not', () => {
  const { tests } = parse(textOf('watch/alerts.test.yml')) as {
    tests: readonly { alert_rule_test: readonly { alertname: string; exp_alerts?: readonly object[] }[] }[]
  }
  const tried = tests.flatMap(({ alert_rule_test }) => alert_rule_test)
  for (const { alert } of rules) {
    const raised = tried
      .filter(({ alertname }) => alertname === alert)
      .map(({ exp_alerts = [] }) => exp_alerts.length > 0)
    assert.deepEqual([...new Set(raised)].sort(), [false, true], alert)
  }
})

test('the dashboard can be imported anywhere: a fixed uid, a data source that is asked for, ids of its own', () => {
  const { uid, templating, panels } = JSON.parse(textOf('watch/grafana-dashboard.json')) as {
    uid: string
    templating: { list: readonly { name: string; type: string; query: string }[] }
    panels: readonly Panel[]
  }
  assert.equal(uid, 'footfall')
  const { name, type, query } = templating.list[0]!
  assert.deepEqual([name, type, query], ['datasource', 'datasource', 'prometheus'])
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  for (const { title, type, datasource, targets = [] } of panels) {
    if (type === 'row') continue
    assert.ok(targets.length > 0, title)
    for (const one of [datasource, ...targets.map(target => target.datasource)])
      assert.equal(one?.uid, '$' + '{datasource}', title)
  }
})

test('an expression is read as Prometheus does, as far as ours go', () => {
  const expression =
    'sum by (le, role) (rate(footfall_a_bucket{x="1", y=~"5..",z!="/a"}[5m])) / on () group_left (role) process_b'
  assert.deepEqual(selectorsOf(expression), [
    { metric: 'footfall_a_bucket', equal: { x: '1' }, labels: ['x', 'y', 'z'] },
    { metric: 'process_b', equal: {}, labels: [] },
  ])
  assert.deepEqual(groupingOf(expression), ['le', 'role', 'role'])
})
