/** The page is light, soon there, and stands still while its numbers move. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { openBrowser, openPage, untilText } from './browser.ts'
import { startDashboard } from './dashboard.ts'

const bytesMax = 100_000
const paintMaxMs = 1_000
/** What a digit more in the legend of a chart moves; a line that is pushed down is a hundred times that. */
const shiftMax = 0.001

test('the page weighs less than 100 kB as sent, is painted within a second, and nothing of it jumps', async t => {
  const place = { topic: await freshTopic(2), database: await freshDatabase() }
  const client = await connect(t, place.database)
  const records = (from: number, count: number) =>
    Array.from({ length: count }, (_, n) => ({ value: bytesOf(eventOf(from + n)), partition: n % 2 }))
  await sendForeign(t, place.topic, records(0, 900))
  await startCounting(t, place)
  await untilRead(client, 900)
  const api = await startDashboard(t, place)
  const browser = await openBrowser(t)
  const { page } = await openPage(browser, 'about:blank')
  const wire = await page.context().newCDPSession(page)
  await wire.send('Network.enable')
  const sent = new Map<string, number>()
  const names = new Map<string, string>()
  wire.on('Network.requestWillBeSent', ({ requestId, request }) => names.set(requestId, new URL(request.url).pathname))
  wire.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => sent.set(requestId, encodedDataLength))
  await page.addInitScript(shiftMax => {
    const shifts: string[] = []
    Object.assign(globalThis, { shifts })
    new PerformanceObserver(list => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; sources: { node?: Node }[] })[]) {
        const at = entry.sources
          .map(({ node }) => `${node?.parentElement?.className} ${node?.nodeName} ${node?.textContent?.slice(0, 20)}`)
          .join(', ')
        if (entry.value > shiftMax) shifts.push(`${entry.value.toFixed(4)} at ${entry.startTime.toFixed(0)} ms: ${at}`)
      }
    }).observe({ type: 'layout-shift', buffered: true })
  }, shiftMax)

  await page.goto(api.url)
  await untilText(page, '.term.read .number', '900')
  const painted = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]!.startTime)
  const weight = [...sent].reduce((sum, [id, bytes]) => (names.get(id) === '/api/live' ? sum : sum + bytes), 0)
  t.diagnostic(`${weight} bytes in ${sent.size} answers, first painted after ${painted.toFixed(0)} ms`)
  assert.ok(weight > 10_000 && weight < bytesMax, `${weight} bytes`)
  assert.ok(painted < paintMaxMs, `${painted} ms`)

  // The numbers grow by a digit: what is reserved for them has to hold.
  for (let read = 900; read < 2_400; read += 500) {
    await sendForeign(t, place.topic, records(read, 500))
    await untilText(page, '.term.read .number', (read + 500).toLocaleString('en'))
  }
  const shifts = await page.evaluate(() => (globalThis as unknown as { shifts: string[] }).shifts)
  assert.deepEqual(shifts, [])
})
