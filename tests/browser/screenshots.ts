/**
 * Pictures of the page as it is: npm run screenshots [-- --only TEXT]. A month of made-up days is counted, people go on
 * being simulated while the pictures are taken, and they lie in tests/browser/screenshots/, by view, width and scheme.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { projectRoot } from '../../src/runtime/config.ts'
import { type Place, startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic, inLifetime, type Lifetime } from '../support/environment.ts'
import { bytesOf, uuidOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { withSharedServers } from '../support/shared-servers.ts'
import { deleteRecords } from '../support/trim.ts'
import { locale, openBrowser, untilText } from './browser.ts'
import { startDashboard, token } from './dashboard.ts'
import { aMonth, startPeople } from './made-up-people.ts'

const widths = [360, 1280, 2560]
const schemes = ['light', 'dark'] as const
const folder = join(projectRoot, 'tests/browser/screenshots')
const { only = '' } = parseArgs({ options: { only: { type: 'string' } } }).values

process.exitCode = await withSharedServers(async shared => {
  process.env['FOOTFALL_TESTS'] = JSON.stringify(shared)
  if (only === '') rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await inLifetime(async life => {
    const browser = await openBrowser(life)
    await ofEmpty(life, browser)
    await ofBusy(life, browser)
  })
  return 0
})

async function ofEmpty(life: Lifetime, browser: Browser): Promise<void> {
  const place = { topic: await freshTopic(2), database: await freshDatabase() }
  const counting = await startCounting(life, place)
  const { url } = await startDashboard(life, place)
  await shoot(browser, url, 'waiting', '#/', page => untilText(page, '.word', 'Waiting'))
  await counting.stop()
}

async function ofBusy(life: Lifetime, browser: Browser): Promise<void> {
  // The records' own times, so that a month passes in seconds.
  const place: Place = {
    topic: await freshTopic(4, { 'message.timestamp.type': 'CreateTime', 'retention.ms': '-1' }),
    database: await freshDatabase(),
  }
  const client = await connect(life, place.database)
  const month = aMonth(4)
  await sendForeign(life, place.topic, month)
  const counting = await startCounting(life, place)
  await untilRead(client, month.length)
  const people = await startPeople(life, place.topic, 4)
  const { url } = await startDashboard(life, place, { ADMIN_TOKEN: token, TRY_IT: 'true' })
  const live = (page: Page) => untilText(page, '.word', 'Live', 20_000)
  await shoot(browser, url, 'user', `#/user/${uuidOf('user 1')}`, async page => {
    await page.locator('.rows button').first().click()
    await untilText(page, '.explanation', 'The log says', 20_000)
  })
  await shoot(browser, url, 'find-user', '#/user', page => page.locator('.recent li').nth(5).waitFor())
  await shoot(browser, url, 'partitions', '#/partitions', page => untilText(page, '.partitions', 'open'))
  await shoot(browser, url, 'rejects', '#/rejects', page => page.locator('.bytes').nth(1).waitFor())
  await shoot(browser, url, 'try', '#/try', async page => {
    await page.getByRole('button', { name: 'Send' }).click()
    await untilText(page, '.way', /Visible|Kept/, 20_000)
  })
  // Last of the live ones, when there are two minutes to look back on.
  await shoot(browser, url, 'now', '#/', live, 6_000)
  await counting.stop()
  await shoot(browser, url, 'stale', '#/', page => untilText(page, '.word', 'Stale', 20_000))
  await people.stop()
  const { rows } = await client.query('select next_offset::int as next from partition_ledger where partition = 2')
  await sendForeign(
    life,
    place.topic,
    Array.from({ length: 2_000 }, () => ({ value: bytesOf({}), partition: 2 })),
  )
  await deleteRecords(place.topic, 2, rows[0].next + 1_800)
  await startCounting(life, place)
  await shoot(browser, url, 'halted', '#/', page => untilText(page, '.word', 'Halted', 30_000))
}

/** @param hash the view. @param ready waits until there is something to see, and does what makes it. */
async function shoot(
  browser: Browser,
  url: string,
  name: string,
  hash: string,
  ready: (page: Page) => Promise<unknown>,
  settleMs = 300,
): Promise<void> {
  if (!name.includes(only)) return
  for (const width of widths) {
    for (const colorScheme of schemes) {
      const viewport = { width, height: name === 'user' ? 1500 : width === 2560 ? 1440 : 860 }
      const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce', locale })
      await context.addInitScript(given => sessionStorage.setItem('footfall-token', given), token)
      const page = await context.newPage()
      await page.goto(`${url}/${hash}`)
      await ready(page)
      await page.waitForTimeout(settleMs)
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: name !== 'user' })
      // For the README: cp tests/browser/screenshots/readme-light.png docs/images/now-light.png, and likewise the dark one.
      const clip = { x: 0, y: 0, width, height: 1_240 }
      const path = join(folder, `readme-${colorScheme}.png`)
      if (name === 'now' && width === 1280) await page.screenshot({ path, fullPage: true, clip })
      await context.close()
    }
  }
}
