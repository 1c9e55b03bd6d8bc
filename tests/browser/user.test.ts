/** A user on the page: found, not found, no UUID, no API; numbers that move and explain themselves; a link; the CSV. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic } from '../support/environment.ts'
import { bytesOf, uuidOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { openBrowser, openPage, textOf, untilText } from './browser.ts'
import { startDashboard } from './dashboard.ts'

const user = uuidOf('the user')
const item = uuidOf('the item')
const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString()
const event = (id: string, ago = 0, activity_type = 'view') =>
  bytesOf({ user_id: user, item_id: item, activity_type, timestamp: day(ago), event_id: id })

test('a user is found by id, each number opens its events, and all of it moves while the user is active', async t => {
  const place = { topic: await freshTopic(1), database: await freshDatabase() }
  const client = await connect(t, place.database)
  const values = [event('one'), event('two'), event('three', 0, 'click'), event('old', 5, 'purchase')]
  await sendForeign(
    t,
    place.topic,
    values.map(value => ({ value, partition: 0 })),
  )
  await startCounting(t, place)
  await untilRead(client, values.length)
  const api = await startDashboard(t, place)
  const { page, faults } = await openPage(await openBrowser(t), `${api.url}/#/user`, { acceptDownloads: true })

  await page.getByLabel('User id').fill('11111111-1111')
  await page.getByRole('button', { name: 'Show' }).click()
  await untilText(page, '[role=alert]', 'That is no UUID')

  await page.getByLabel('User id').fill(` ${user.toUpperCase()} `)
  await page.getByRole('button', { name: 'Show' }).click()
  await untilText(page, '.user-id', user)
  const views = page.locator('.rows tbody').first().locator('button').first()
  await views.filter({ hasText: '2' }).waitFor()
  assert.equal(await page.locator('.rows tbody').count(), 2)

  await views.click()
  await untilText(page, '.explanation', 'The log says the same.')
  const events = await page
    .locator('.events tbody tr')
    .evaluateAll(rows => rows.map(row => [0, 2, 3].map(index => row.children[index]!.textContent)))
  assert.deepEqual(events, [
    ['0:0', 'one', 'counted'],
    ['0:1', 'two', 'counted'],
  ])

  await sendForeign(t, place.topic, [{ value: event('four'), partition: 0 }])
  await views.filter({ hasText: '3' }).waitFor({ timeout: 5_000 })
  assert.equal(await page.locator('.explanation').count(), 1, 'what was opened stays open')

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download as CSV' }).click(),
  ])
  const lines = (await readFile(await download.path(), 'utf8')).trim().split(/\r?\n/)
  assert.equal(lines.length, 3, lines.join(' | '))

  await page.getByLabel('From').fill(day(0).slice(0, 10))
  await page.waitForURL(/from=/)
  await page.locator('.rows tbody').first().waitFor()
  assert.equal(await page.locator('.rows tbody').count(), 1)
  const { page: theirs } = await openPage(page.context().browser()!, page.url())
  await untilText(theirs, '.rows tbody', day(0).slice(0, 10))
  assert.equal(await theirs.locator('.rows tbody').count(), 1, 'the link shows somebody else the same')
  assert.deepEqual(faults, [])
})

test('an unknown user, a wrong id and a dead API each get their own words', async t => {
  const place = { topic: await freshTopic(1), database: await freshDatabase() }
  const client = await connect(t, place.database)
  await sendForeign(t, place.topic, [{ value: event('one'), partition: 0 }])
  await startCounting(t, place)
  await untilRead(client, 1)
  const api = await startDashboard(t, place)
  const { page } = await openPage(await openBrowser(t), `${api.url}/#/user/${uuidOf('nobody')}`)
  await untilText(page, '#main', 'Nothing of this user was counted yet')

  await page.goto(`${api.url}/#/user/not-an-id`)
  await untilText(page, '[role=alert]', 'That is no UUID')

  await page.goto(`${api.url}/#/user/${user}`)
  await page.locator('.rows tbody').first().waitFor()
  await api.stop()
  await page.evaluate(() => {
    location.hash = `${location.hash}?from=2026-01-01`
  })
  await untilText(page, '#main', 'The API does not answer')
  assert.equal(await page.locator('.rows').isVisible(), false, 'no old number stands there')
  assert.notEqual(await textOf(page, '#main'), '')
})
