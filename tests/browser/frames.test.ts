/** The page has time for 60 frames a second while counting goes at full speed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCounting } from '../support/counting.ts'
import { freshDatabase, freshTopic, until } from '../support/environment.ts'
import { eventOf } from '../support/events.ts'
import { startLoad } from '../support/load.ts'
import { openBrowser, openPage, textOf, untilText } from './browser.ts'
import { startDashboard } from './dashboard.ts'

const changesWanted = 6
/** Of the page's thread: what is left is for frames. */
const shareMax = 0.5

test('numbers and charts that move at full speed leave the page most of its time', async t => {
  const place = { topic: await freshTopic(2), database: await freshDatabase() }
  await startCounting(t, place)
  const load = await startLoad(t, place.topic, n => eventOf(n, 'full-'), { perSecond: 10_000 })
  const api = await startDashboard(t, place)
  const { page, faults } = await openPage(await openBrowser(t), api.url)
  await untilText(page, '.word', /Live|Behind/)
  await page.locator('.two canvas').nth(1).waitFor()
  await page.locator('.busiest tbody tr').first().waitFor()
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Performance.enable')
  const look = async () => {
    const { metrics } = await devtools.send('Performance.getMetrics')
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]))
  }
  const read = async () => Number((await textOf(page, '.term.read .number')).replaceAll(',', ''))

  await page.evaluate(() => {
    const frames: number[] = []
    Object.assign(globalThis, { frames })
    const next = (ms: number) => {
      frames.push(ms)
      requestAnimationFrame(next)
    }
    requestAnimationFrame(next)
  })
  const [before, first] = [await look(), await read()]
  let changes = 0
  for (let last = first; changes < changesWanted; ) {
    const before = last
    last = await until(
      async () => {
        const now = await read()
        return now > before && now
      },
      10_000,
      'the page moves',
    )
    changes += 1
  }
  const [after, final] = [await look(), await read()]
  const shares = await page
    .locator('.busiest')
    .first()
    .locator('tbody tr')
    .evaluateAll(rows => rows.map(row => Number.parseInt((row as HTMLElement).style.getPropertyValue('--share'), 10)))
  const frames = await page.evaluate(() => (globalThis as unknown as { frames: number[] }).frames)
  await load.stop()
  assert.equal(shares[0], 100, 'the busiest has the longest bar, however the figures moved')
  assert.deepEqual(
    shares,
    shares.toSorted((a, b) => b - a),
  )

  const spent = (name: string) => after[name]! - before[name]!
  const share = spent('TaskDuration') / spent('Timestamp')
  const perChangeMs = (spent('TaskDuration') * 1_000) / changes
  t.diagnostic(
    `${final - first} records in ${spent('Timestamp').toFixed(1)} s; the page was busy ${(share * 100).toFixed(1)} % of it, ` +
      `${perChangeMs.toFixed(0)} ms a second of change`,
  )
  const gaps = frames.slice(1).map((ms, i) => ms - frames[i]!)
  const perSecond = (gaps.length * 1_000) / (frames.at(-1)! - frames[0]!)
  t.diagnostic(`${perSecond.toFixed(1)} frames a second, the longest gap ${Math.max(...gaps).toFixed(0)} ms`)
  assert.ok(share < shareMax, `${share}`)
  assert.deepEqual(faults, [])
})
