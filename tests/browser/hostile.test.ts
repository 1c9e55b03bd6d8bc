/** Whatever senders write stays text: no dialog, no report of a policy, no element that we did not make. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic } from '../support/environment.ts'
import { bytesOf, uuidOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { openBrowser, openPage, untilText } from './browser.ts'
import { startDashboard, token } from './dashboard.ts'

const payloads = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg onload=alert(1)>',
  '"><iframe src="javascript:alert(1)">',
  "'-alert(1)-'",
  'javascript:alert(1)',
  '</pre></main><form action=https://example.org><button>',
  '<style>*{display:none}</style>',
  '<base href=https://example.org/>',
  `\${alert(1)}{{constructor.constructor("alert(1)")()}}`,
  '\u202eeman\u2066 \u200b\ufeff\u2028\u2029',
  '\u0000\u0007\u001b[2J\u001b]0;x\u0007\r\n',
  '__proto__',
  'constructor',
  'https://example.org/<b>x</b>',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '<!--<script>',
  ']]><x xmlns="http://www.w3.org/1999/xhtml" onclick="alert(1)">',
  '=HYPERLINK("https://example.org")',
  'ö\u0301\ud83d\ude00\ufffd漢字',
]
/** Ten places for each. */
const hostile = payloads.flatMap((text, n) => {
  const good = {
    user_id: uuidOf('u'),
    item_id: uuidOf('i'),
    activity_type: 'view',
    timestamp: new Date().toISOString(),
  }
  return [
    JSON.stringify({ ...good, activity_type: text }),
    JSON.stringify({ ...good, user_id: text }),
    JSON.stringify({ ...good, item_id: text }),
    JSON.stringify({ ...good, timestamp: text }),
    JSON.stringify({ ...good, event_id: `${text} ` }),
    JSON.stringify({ ...good, event_id: [text] }),
    JSON.stringify({ [text]: text, ...good, activity_type: n }),
    JSON.stringify([text]),
    text,
    `{"user_id":"${text}`,
  ]
})

test('200 hostile strings show no dialog, break no policy and make no element', async t => {
  assert.equal(hostile.length, 200)
  const place = { topic: await freshTopic(1), database: await freshDatabase() }
  const client = await connect(t, place.database)
  // What may be counted, with ids that are as hostile as an id can be.
  const ids = payloads.filter(text => /^[!-~]{1,128}$/.test(text))
  const counted = ids.map(event_id =>
    bytesOf({
      user_id: uuidOf('u'),
      item_id: uuidOf('i'),
      activity_type: 'view',
      timestamp: new Date().toISOString(),
      event_id,
    }),
  )
  const values = [...hostile.map(text => Buffer.from(text)), ...counted]
  const records = values.map((value, n) => ({ value, partition: 0, key: payloads[n % payloads.length]! }))
  await sendForeign(t, place.topic, records)
  await startCounting(t, place)
  await untilRead(client, records.length)
  const { rows } = await client.query<{ offset: string; lineage: number }>(
    'select "offset", lineage from rejects order by "offset"',
  )
  assert.ok(rows.length >= 190, `${rows.length} rejected`)
  const api = await startDashboard(t, place, { ADMIN_TOKEN: token })
  const { page, faults } = await openPage(await openBrowser(t), `${api.url}/#token=${token}`)
  await untilText(page, '.word', /Live|Behind/)
  assert.ok(!page.url().includes(token), 'the token does not stay in the address')

  await page.goto(`${api.url}/#/rejects`)
  await page.locator('.bytes mark').first().waitFor()
  // Every one of them by the page's own code, not only the example of its group.
  const shown = await page.evaluate(
    async ([places, token]) => {
      const { shownBytes } = await import('/dashboard/bytes.js' as string)
      const { legible } = await import('/dashboard/format.js' as string)
      const host = document.querySelector('main')!
      for (const { offset, lineage } of places) {
        const headers = { authorization: `Bearer ${token}` }
        const answer = await fetch(`/api/rejects/0/${offset}?lineage=${lineage}`, { headers })
        const { value, place, detail } = await answer.json()
        host.append(shownBytes(value, place), legible(detail))
      }
      return host.querySelectorAll('.bytes').length
    },
    [rows, token] as const,
  )
  assert.ok(shown >= rows.length)
  await page.goto(`${api.url}/#/user/${uuidOf('u')}`)
  await page.locator('.rows button').first().click()
  await untilText(page, '.explanation', 'The log says')
  for (const text of payloads) {
    await page.evaluate(hash => {
      location.hash = hash
    }, `#/user/${text}?from=${text}`)
    await page.locator('#main h1').waitFor()
  }

  const strangers = await page.evaluate(() =>
    [
      ...document.querySelectorAll(
        'script:not([src^="/dashboard/"]),iframe,img,object,embed,base,style,form[action],[onclick],[onerror],[onload],svg',
      ),
    ].map(({ outerHTML }) => outerHTML),
  )
  assert.deepEqual(strangers, [])
  assert.deepEqual(faults, [])
})

test('an answer of the API that is hostile itself stays text too', async t => {
  const place = { topic: await freshTopic(1), database: await freshDatabase() }
  await startCounting(t, place)
  const api = await startDashboard(t, place, { ADMIN_TOKEN: token })
  const browser = await openBrowser(t)
  for (const text of payloads.slice(0, 4)) {
    const { page, faults } = await openPage(browser, api.url)
    const problem = JSON.stringify({ code: text, detail: text })
    await page.route('**/api/user-activity-summary/**', route => route.fulfill({ status: 503, body: problem }))
    await page.goto(`${api.url}/#/user/${uuidOf('u')}`)
    await untilText(page, '#main [role=status]', text)
    assert.equal(await page.locator('#main script, #main img, #main iframe, #main svg').count(), 0)
    assert.deepEqual(faults, [])
    await page.context().close()
  }
})
