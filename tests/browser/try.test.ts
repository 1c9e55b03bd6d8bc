/** An event that is sent from the page, and what is shown of bad ones: with the token only. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertBalanced, startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic } from '../support/environment.ts'
import { openBrowser, openPage, textOf, untilText } from './browser.ts'
import { startDashboard, token } from './dashboard.ts'

test('an event sent from the page is followed until it is visible, a bad one until it stands among the rejects', async t => {
  const place = { topic: await freshTopic(2), database: await freshDatabase() }
  const client = await connect(t, place.database)
  await startCounting(t, place)
  const api = await startDashboard(t, place, { ADMIN_TOKEN: token, TRY_IT: 'true' })
  const { page, faults } = await openPage(await openBrowser(t), `${api.url}/#token=${token}`)
  await untilText(page, '.word', 'Waiting', 20_000) // the token was taken out of the address
  await page.getByRole('link', { name: 'Try it' }).first().click()
  const send = page.getByRole('button', { name: 'Send' })

  await send.click()
  await untilText(page, '.way', 'Visible: this user has 1 view, 0 clicks, 0 purchases')
  assert.match(await textOf(page, '.way'), /In the log at position \d:\d.*Judged: .*Counted and committed/)
  await page.getByRole('button', { name: 'The same again' }).click()
  await send.click()
  await untilText(page, '.way', 'Duplicate and committed')

  await page.getByRole('button', { name: 'A wrong activity' }).click()
  await send.click()
  await untilText(page, '.way', 'Kept byte for byte, as unknown_activity')
  await page.locator('textarea').fill('{"user_id": <b>oops')
  await send.click()
  await untilText(page, '.way', 'Kept byte for byte, as not_json')

  await page.getByRole('link', { name: 'see it among the rejects' }).click()
  await page.locator('.bytes').nth(1).waitFor()
  const marked = await page.locator('.bytes mark').allInnerTexts()
  assert.deepEqual(marked.sort(), ['"like"', '<'])
  await untilText(page, '#main', '2 rejected, 2 of them in the last hour')
  await untilRead(client, 4)
  await assertBalanced(client)
  assert.deepEqual(faults, [])
})

test('without the token rejects are a number, a wrong token is refused, and Try it says why it is not there', async t => {
  const place = { topic: await freshTopic(1), database: await freshDatabase() }
  await startCounting(t, place)
  const [open, closed] = [await startDashboard(t, place, { ADMIN_TOKEN: token }), await startDashboard(t, place)]
  const browser = await openBrowser(t)
  const { page } = await openPage(browser, `${open.url}/#/rejects`)
  await page.getByLabel('ADMIN_TOKEN of this API').fill('not-the-token-of-it')
  await page.getByRole('button', { name: 'Show them' }).click()
  await untilText(page, '[role=alert]', 'That is not the token')
  await page.getByLabel('ADMIN_TOKEN of this API').fill(token)
  await page.getByRole('button', { name: 'Show them' }).click()
  await page.getByLabel('ADMIN_TOKEN of this API').waitFor({ state: 'hidden' })
  await page.goto(`${open.url}/#/try`)
  await untilText(page, '#main', 'for the embedded stack')

  const { page: theirs } = await openPage(browser, `${closed.url}/#/rejects`)
  await untilText(theirs, '#main', /No record was rejected/)
  await untilText(theirs, '#main', 'ADMIN_TOKEN')
  assert.equal(await theirs.getByLabel('ADMIN_TOKEN of this API').isVisible(), false, 'there is no token to give')
})
