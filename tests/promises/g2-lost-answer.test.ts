/** G2: whatever becomes of a COMMIT or of its answer on the way, a record is counted once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertBalanced, countedTable, fates, recount, startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic, until } from '../support/environment.ts'
import { eventOf } from '../support/events.ts'
import { startLoad } from '../support/load.ts'
import { type Deed, proxyPostgres } from '../support/proxy.ts'

/** Records without ids: nothing but the ledger stands between a replay and a double count. */
const event = (n: number) => eventOf(n)
const cuts = 6

for (const [deed, what] of [
  ['lose answer', 'the answer to COMMIT is lost after the commit landed'],
  ['lose', 'COMMIT is lost before it arrives'],
] as const satisfies readonly (readonly [Deed, string])[]) {
  test(`G2: ${what}, ${cuts} times under load: each record is counted once`, async t => {
    const topic = await freshTopic(2)
    const database = await freshDatabase()
    const client = await connect(t, database)
    let isCutting = false
    let commits = 0
    let cut = 0
    const proxy = await proxyPostgres(t, database, sql => {
      // Every other one: a batch that is tried again must land at some time.
      if (!isCutting || sql !== 'commit' || ++commits % 2 === 0 || cut === cuts) return 'forward'
      cut += 1
      return deed
    })
    await startCounting(t, { topic, database: proxy.database })
    const load = await startLoad(t, topic, event, { perSecond: 4_000 })
    await until(async () => (await fates(client)).counted > 0, 15_000, 'counting began')

    isCutting = true
    await until(() => cut === cuts, 15_000, `${cuts} connections were cut at COMMIT`)
    const { sent } = load
    await load.stop()

    await untilRead(client, sent.length)
    assert.deepEqual(await countedTable(client), recount(sent))
    assert.deepEqual(await fates(client), { counted: sent.length, duplicate: 0, rejected: 0, skipped: 0 })
    await assertBalanced(client)
  })
}
