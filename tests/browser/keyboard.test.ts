/** Without a mouse: everything can be reached, is seen when it is, and says what it is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic } from '../support/environment.ts'
import { bytesOf, uuidOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { openBrowser, openPage, untilText } from './browser.ts'
import { startDashboard } from './dashboard.ts'

const focused = (page: Page) =>
  page.evaluate(() => {
    const { tagName, textContent, id } = document.activeElement!
    return `${tagName.toLowerCase()} ${id || textContent.trim()}`
  })

const isMarked = (page: Page) => page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle !== 'none')

test('from the first key to the events behind a number, by keyboard alone', async t => {
  const place = { topic: await freshTopic(1), database: await freshDatabase() }
  const client = await connect(t, place.database)
  const user = uuidOf('somebody')
  const event = (id: string) => {
    const timestamp = new Date().toISOString()
    return bytesOf({ user_id: user, item_id: uuidOf('i'), activity_type: 'view', timestamp, event_id: id })
  }
  await sendForeign(t, place.topic, [{ value: event('one'), partition: 0 }])
  await startCounting(t, place)
  await untilRead(client, 1)
  const api = await startDashboard(t, place)
  const { page } = await openPage(await openBrowser(t), api.url)
  await untilText(page, '.word', 'Live')

  await page.keyboard.press('Tab')
  assert.equal(await focused(page), 'a Skip to the numbers')
  await page.keyboard.press('Enter')
  assert.equal(await focused(page), 'main main')
  await page.reload()
  await untilText(page, '.word', 'Live')
  for (const stop of ['a Skip to the numbers', 'a Footfall', 'a Now', 'a A user']) {
    await page.keyboard.press('Tab')
    assert.equal(await focused(page), stop)
    assert.ok(await isMarked(page), `${stop} shows that it has the focus`)
  }
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'A user', level: 1 }).waitFor()
  assert.equal(await focused(page), 'main main', 'the focus goes along to the new page')
  await page.keyboard.press('Tab')
  assert.equal(await focused(page), 'input user')
  await page.keyboard.type(user)
  await page.keyboard.press('Enter')
  await page.locator('.rows tbody button').first().waitFor()
  for (let tabs = 0; !(await focused(page)).startsWith('button 1'); tabs++) {
    assert.ok(tabs < 30, 'the number is reached')
    await page.keyboard.press('Tab')
  }
  await page.keyboard.press('Enter')
  await untilText(page, '.explanation', 'The log says the same.')

  // Numbers move below the reader: neither the focus nor what is open may go.
  await sendForeign(t, place.topic, [{ value: event('two'), partition: 0 }])
  await page.locator('.rows tbody button').first().filter({ hasText: '2' }).waitFor()
  assert.equal(await focused(page), 'button 2')
  assert.equal(await page.locator('.explanation').count(), 1)
})

test('what stands on each page has its name: landmarks, headings, fields, tables, charts', async t => {
  const place = { topic: await freshTopic(1), database: await freshDatabase() }
  const client = await connect(t, place.database)
  await sendForeign(t, place.topic, [{ value: Buffer.from('{'), partition: 0 }])
  await startCounting(t, place)
  await untilRead(client, 1)
  const api = await startDashboard(t, place)
  const { page } = await openPage(await openBrowser(t), api.url)
  for (const route of ['', 'user', `user/${uuidOf('x')}`, 'partitions', 'rejects', 'try']) {
    await page.goto(`${api.url}/#/${route}`)
    await page.locator('#main h1').waitFor({ state: 'attached' })
    const lacks = await page.evaluate(() => {
      const named = (node: Element) =>
        node.getAttribute('aria-label') || node.getAttribute('aria-labelledby') || node.textContent
      const is = (selector: string) => [...document.querySelectorAll(selector)]
      return {
        landmarks: ['header', 'nav', 'main', 'footer'].filter(name => is(name).length !== 1),
        h1: is('h1').length,
        fields: is('input,textarea').filter(node => (node as HTMLInputElement).labels?.length === 0).length,
        buttons: is('button,a').filter(node => !named(node)).length,
        tables: is('table').filter(node => node.querySelector('caption') === null).length,
        charts: is('.chart').filter(node => node.getAttribute('role') !== 'img' || !node.getAttribute('aria-label'))
          .length,
        live: is('#said[aria-live=polite]').length,
      }
    })
    assert.deepEqual(lacks, { landmarks: [], h1: 1, fields: 0, buttons: 0, tables: 0, charts: 0, live: 1 }, route)
  }
})
