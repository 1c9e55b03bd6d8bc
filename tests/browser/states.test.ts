/** Never an old number shown as new: the API gone and back, consumers gone, a partition halted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic, ownPostgres } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { deleteRecords } from '../support/trim.ts'
import { openBrowser, openPage, textOf, untilText } from './browser.ts'
import { startDashboard } from './dashboard.ts'

const some = (from: number, count: number, partition: number) =>
  Array.from({ length: count }, (_, n) => ({ value: bytesOf(eventOf(from + n)), partition }))

test('without a word from the API the numbers say that they are old; when it is back they are new, with no reload', async t => {
  const place = { topic: await freshTopic(1), database: await freshDatabase() }
  const client = await connect(t, place.database)
  await sendForeign(t, place.topic, some(0, 50, 0))
  await startCounting(t, place)
  await untilRead(client, 50)
  const api = await startDashboard(t, place)
  const { page, faults } = await openPage(await openBrowser(t), api.url)
  await untilText(page, '.word', 'Live')
  await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }))

  await api.stop()
  await untilText(page, '.word', 'Stale', 12_000)
  assert.match(await textOf(page, '#old'), /^Old numbers: they are from \d\d:\d\d:\d\d UTC/)
  assert.match(await textOf(page, '.why'), /API has not been heard for/)
  assert.equal(await textOf(page, '.term.read .number'), '50')
  assert.ok(Number(await page.locator('.term.read .number').evaluate(node => getComputedStyle(node).opacity)) < 0.6)
  assert.match(await page.locator('#said').innerText(), /^Stale\./)

  await sendForeign(t, place.topic, some(50, 25, 0))
  await untilRead(client, 75)
  await startDashboard(t, place, {}, Number(new URL(api.url).port))
  await untilText(page, '.word', 'Live', 12_000)
  await untilText(page, '.term.read .number', '75')
  assert.equal(await page.locator('#old').isHidden(), true)
  assert.equal(await page.evaluate(() => 'isSamePage' in globalThis), true)
  assert.deepEqual(faults, [])
})

test('when consumers stop the page says so, and since when', async t => {
  const place = { topic: await freshTopic(1), database: await freshDatabase() }
  const client = await connect(t, place.database)
  await sendForeign(t, place.topic, some(0, 20, 0))
  const counting = await startCounting(t, place)
  await untilRead(client, 20)
  const api = await startDashboard(t, place)
  const { page } = await openPage(await openBrowser(t), api.url)
  await untilText(page, '.word', 'Live')
  await counting.stop()
  await untilText(page, '.word', 'Stale', 20_000)
  assert.match(await textOf(page, '.why'), /consumer/i)
  assert.match(await textOf(page, '#old'), /^Old numbers/)
})

test('while PostgreSQL is away the page has old numbers and says so, and a user has none', async t => {
  const postgres = await ownPostgres(t)
  const place = { topic: await freshTopic(1), database: await freshDatabase(postgres) }
  const client = await connect(t, place.database)
  await sendForeign(t, place.topic, some(0, 20, 0))
  await startCounting(t, place)
  await untilRead(client, 20)
  const { rows } = await client.query('select user_id from daily_user_item_summary limit 1')
  const api = await startDashboard(t, place)
  const browser = await openBrowser(t)
  const { page } = await openPage(browser, api.url)
  await untilText(page, '.word', 'Live')

  await postgres.kill()
  await untilText(page, '.word', 'Stale', 15_000)
  assert.match(await textOf(page, '.why'), /PostgreSQL/)
  assert.match(await textOf(page, '#old'), /^Old numbers/)
  assert.equal(await textOf(page, '.term.read .number'), '20')
  const { page: user } = await openPage(browser, `${api.url}/#/user/${rows[0].user_id}`)
  await untilText(user, '#main', 'PostgreSQL, which has the counts, does not')
  assert.equal(await user.locator('.rows').isVisible(), false)

  await postgres.start()
  await untilText(page, '.word', 'Live', 30_000)
  await user.locator('.rows tbody').first().waitFor({ timeout: 15_000 })
})

test('a halted partition is named, with its reason and the way out, while the others go on', async t => {
  const place = { topic: await freshTopic(2), database: await freshDatabase() }
  const client = await connect(t, place.database)
  await sendForeign(t, place.topic, [...some(0, 30, 0), ...some(30, 30, 1)])
  const first = await startCounting(t, place)
  await untilRead(client, 60)
  await first.stop()
  await sendForeign(t, place.topic, some(60, 30, 0))
  await deleteRecords(place.topic, 0, 45)
  await startCounting(t, place)
  const api = await startDashboard(t, place)
  const { page, faults } = await openPage(await openBrowser(t), api.url)

  await untilText(page, '.word', 'Halted', 30_000)
  assert.equal(await textOf(page, '.halt h2'), 'Partition 0 is halted: trimmed')
  const halt = await textOf(page, '.halt')
  assert.match(halt, /Records were deleted before they were counted\. It stopped at offsets 30 to 44/)
  assert.match(halt, /\.\/footfall partitions resume 0/)
  await sendForeign(t, place.topic, some(90, 5, 1))
  await untilText(page, '.term.read .number', '65')
  assert.equal(await textOf(page, '.word'), 'Halted')
  await page.goto(`${api.url}/#/partitions`)
  await untilText(page, '.partitions tr.halted', 'halted: trimmed')
  assert.deepEqual(faults, [])
})

test('before anything was counted the page says what to send, and where', async t => {
  const place = { topic: await freshTopic(1), database: await freshDatabase() }
  await startCounting(t, place)
  const api = await startDashboard(t, place)
  const { page, faults } = await openPage(await openBrowser(t), api.url)
  await untilText(page, '.word', 'Waiting')
  assert.match(await textOf(page, '.first'), /footfall producer --rate 10/)
  const example = JSON.parse(await page.locator('.first pre').innerText()) as object
  await sendForeign(t, place.topic, [{ value: bytesOf(example), partition: 0 }])
  await untilText(page, '.term.counted .number', '1')
  await untilText(page, '.word', 'Live')
  assert.equal(await page.locator('.first').isHidden(), true)
  assert.deepEqual(faults, [])
})
