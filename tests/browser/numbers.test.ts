/** What the page shows is what PostgreSQL holds, and it moves as PostgreSQL does. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { fates, startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { openBrowser, openPage, textOf, untilText } from './browser.ts'
import { startDashboard } from './dashboard.ts'

const number = (text: string) => Number(text.replaceAll(',', ''))

/** 400 good records, 3 sent again, 5 bad ones, 2 without a value, over two partitions. */
async function knownRun(t: TestContext) {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  const client = await connect(t, database)
  const good = Array.from({ length: 400 }, (_, n) => ({ value: bytesOf(eventOf(n, 'known-')), partition: n % 2 }))
  const again = good.slice(0, 3)
  const bad = ['{', '[]', '{"user_id":1}', '', 'null'].map(text => ({ value: Buffer.from(text), partition: 1 }))
  const empty = [0, 1].map(partition => ({ value: null, partition }))
  await sendForeign(t, topic, [...good, ...again, ...bad, ...empty])
  await startCounting(t, { topic, database })
  await untilRead(client, 410)
  return { topic, database, client }
}

async function equation(page: Page): Promise<Record<string, number>> {
  const terms = ['read', 'counted', 'duplicate', 'rejected', 'skipped']
  return Object.fromEntries(
    await Promise.all(terms.map(async term => [term, number(await textOf(page, `.term.${term} .number`))] as const)),
  )
}

test('after a known run every number on the page is the one that SQL gives', async t => {
  const place = await knownRun(t)
  const { client } = place
  const api = await startDashboard(t, place)
  const { page, faults } = await openPage(await openBrowser(t), api.url)

  await untilText(page, '.word', 'Live')
  await untilText(page, '.term.read .number', '410')
  assert.deepEqual(await equation(page), { read: 410, ...(await fates(client)) })
  assert.match(await textOf(page, '[aria-labelledby="ledger-title"] .quiet'), /^It balances/)

  const { rows: sums } = await client.query(
    `select sum(view_count)::int as view, sum(click_count)::int as click, sum(purchase_count)::int as purchase
       from daily_user_item_summary`,
  )
  for (const kind of ['view', 'click', 'purchase']) {
    for (const chart of [0, 1]) {
      const shown = await page.locator('.two > div').nth(chart).locator(`.key.${kind} b`).innerText()
      assert.equal(number(shown), sums[0][kind], `${kind} of chart ${chart}`)
    }
  }

  await page.goto(`${api.url}/#/partitions`)
  await untilText(page, '.partitions tbody', 'open')
  const shown = await page
    .locator('.partitions tbody tr')
    .evaluateAll(rows => rows.map(row => [...row.children].map(cell => cell.textContent)))
  const { rows: ledger } = await client.query(
    `select partition, next_offset, counted, duplicate, rejected, skipped, lost from partition_ledger order by partition`,
  )
  assert.deepEqual(
    shown.map(cells => [0, 2, 5, 6, 7, 8, 9].map(index => cells[index])),
    ledger.map(row => Object.values(row).map(String)),
  )

  const { rows } = await client.query(
    `select user_id, date::text, item_id, view_count, click_count, purchase_count from daily_user_item_summary
      where user_id = (select user_id from daily_user_item_summary order by user_id limit 1) order by date desc, item_id`,
  )
  await page.goto(`${api.url}/#/user/${rows[0].user_id}`)
  await page.locator('.rows tbody').first().waitFor()
  const cells = await page
    .locator('.rows tbody tr')
    .evaluateAll(all => all.map(row => [...row.children].map(cell => cell.textContent)))
  assert.deepEqual(
    cells,
    rows.map(({ user_id: _, ...row }) => Object.values(row).map(String)),
  )
  assert.deepEqual(faults, [])
})

test('what is committed is on the page within about a second', async t => {
  const place = await knownRun(t)
  const api = await startDashboard(t, place)
  const { page } = await openPage(await openBrowser(t), api.url)
  await untilText(page, '.term.counted .number', '400')

  const lateMs: number[] = []
  for (let counted = 401; counted <= 407; counted++) {
    const shownAt = page.evaluate(
      wanted =>
        new Promise<number>(resolve => {
          const node = document.querySelector('.term.counted .number')!
          new MutationObserver(() => node.textContent === wanted && resolve(Date.now())).observe(node, {
            childList: true,
            characterData: true,
            subtree: true,
          })
        }),
      String(counted),
    )
    await sendForeign(t, place.topic, [{ value: bytesOf(eventOf(counted, 'late-')), partition: 0 }])
    const at = await shownAt
    const { rows } = await place.client.query('select max(settled_at) as at from partition_ledger')
    lateMs.push(at - rows[0].at.getTime())
  }
  lateMs.sort((a, b) => a - b)
  t.diagnostic(`on the page ${lateMs.join(', ')} ms after the commit`)
  assert.ok(lateMs[3]! < 1_000, `the median is ${lateMs[3]} ms`)
  assert.ok(lateMs.at(-1)! < 1_500, `the worst is ${lateMs.at(-1)} ms`)
})
