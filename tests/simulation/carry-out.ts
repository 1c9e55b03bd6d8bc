/** What a person decided, on the simulated tables: as `carry-out.ts` and `rules.ts` say it in SQL. */
import type { Rules } from '../../src/postgres/rules.ts'
import type { Halted, Plan } from '../../src/upkeep/partitions/halt-plans.ts'
import { keyOf, type Row, type Tables } from './tables.ts'

/** @returns the row that goes on or was closed; undefined when the partition is not as it was shown. */
export function carryOut(tables: Tables, at: Halted, plan: Plan): Row | undefined {
  const row = tables.ledger.get(keyOf(at))
  if (row?.state !== 'halted' || row.next !== at.nextOffset || row.halt?.reason !== at.halt.reason) return undefined
  if (plan.does === 'open' || plan.does === 'skip') {
    const next = plan.does === 'skip' ? plan.to : row.next
    const tail = next === row.next ? row.tail : undefined
    return put(tables, { ...row, state: 'open', halt: undefined, next, lost: row.lost + next - row.next, tail })
  }
  const closed = put(tables, { ...row, state: 'closed', ids: [] })
  return plan.does === 'begin' ? put(tables, begun(row, plan)) : closed
}

/** @returns the rules that are in force now. */
export function changeRules(tables: Tables, wanted: Omit<Rules, 'version'>): Rules {
  const last = tables.rules.at(-1)!
  const rules = { ...last, ...wanted, version: last.version + 1 }
  tables.rules.push(rules)
  for (const row of tables.currentRows) tables.put({ ...row, rulesVersion: rules.version })
  return rules
}

function begun(from: Row, { topicId, start, next, inherits }: Plan & { readonly does: 'begin' }): Row {
  const shift = from.next - start
  const ids = from.ids.map(one => ({ ...one, segment: one.segment - shift, firstOffset: one.firstOffset - shift }))
  return {
    ...from,
    topicId,
    lineage: from.lineage + 1,
    start,
    next,
    counted: 0,
    duplicate: 0,
    rejected: 0,
    skipped: 0,
    lost: next - start,
    clockMs: inherits ? from.clockMs : -1,
    tail: undefined,
    state: 'open',
    halt: undefined,
    ids: inherits ? ids : [],
  }
}

function put(tables: Tables, row: Row): Row {
  tables.put(row)
  return row
}
