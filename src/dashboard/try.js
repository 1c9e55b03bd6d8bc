/** Try it: one event is sent, and its way is followed with times. On the embedded stack only. */
import { activities } from './activities.js'
import { ask } from './ask.js'
import { element, setHidden, setText } from './element.js'
import { amount, duration, isUuid, legible, moment } from './format.js'
import { live } from './live.js'
import { userLink } from './route.js'
import { token } from './token.js'

const user = '11111111-1111-1111-1111-111111111111'
const item = 'bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb'

const random = () =>
  [...crypto.getRandomValues(new Uint8Array(4))].map(byte => byte.toString(16).padStart(2, '0')).join('')
const good = () => ({
  user_id: user,
  item_id: item,
  activity_type: 'view',
  timestamp: new Date().toISOString(),
  event_id: `try-${random()}`,
})
const written = event => JSON.stringify(event, null, 1)

/**
 * What may be tried; each makes the text anew, or keeps what is there.
 * @type {[name: string, make: () => string | undefined][]}
 */
const samples = [
  ['A good event', () => written(good())],
  ['The same again', () => undefined],
  ['A wrong activity', () => written({ ...good(), activity_type: 'like' })],
  ['Too old', () => written({ ...good(), timestamp: '2001-01-01T00:00:00Z' })],
  ['No JSON', () => '{"user_id": oops'],
]

/** @param {any} host */
export function openTry(host) {
  const why = element('p', {})
  const closed = element('section', { hidden: true }, why)
  const text = element('textarea', { id: 'event', rows: '8', spellcheck: 'false', autocomplete: 'off' })
  text.value = written(good())
  const way = element('ol', { class: 'way', 'aria-label': 'Its way', 'aria-live': 'polite' })
  const button = element('button', {}, 'Send')
  const asking = new AbortController()
  const choose = make => () => {
    text.value = make() ?? text.value
    text.focus()
  }
  const form = element(
    'form',
    { class: 'try', hidden: true, onsubmit: event => void send(event) },
    element('label', { for: 'event' }, 'One record, exactly these bytes'),
    element(
      'p',
      { class: 'samples' },
      ...samples.map(([name, make]) =>
        element('button', { type: 'button', class: 'plain', onclick: choose(make) }, name),
      ),
    ),
    text,
    button,
  )
  host.append(element('h1', {}, 'Try it'), closed, form, way)

  async function send(event) {
    event.preventDefault()
    button.disabled = true
    const sent = text.value
    try {
      await followRecord(sent, way, asking.signal)
    } catch (error) {
      if (!asking.signal.aborted) throw error
    } finally {
      button.disabled = false
    }
  }

  return {
    show() {
      const { hello } = live
      if (hello === null) return
      const isOpen = hello.try_it && token() !== null
      setHidden(form, !isOpen)
      setHidden(closed, isOpen)
      setText(why, hello.try_it ? noToken : notHere)
    },
    close: () => asking.abort(),
  }
}

const notHere =
  'Sending an event from here is for the embedded stack: `npm start` shows an address with a token that opens this. ' +
  'This API reads a Kafka that others write to, so it sends nothing.'
const noToken =
  'This needs the token of this API. `npm start` shows an address that has it; or give it on the page of rejects.'

/** @param {string} sent @param {any} way @param {AbortSignal} signal */
async function followRecord(sent, way, signal) {
  const begun = performance.now()
  const spent = () => duration(performance.now() - begun)
  const step = (when, name, ...what) =>
    way.append(
      element(
        'li',
        {},
        element('span', { class: 'number when' }, when),
        element('div', {}, element('b', {}, name), ' ', ...what),
      ),
    )
  way.replaceChildren()
  const { body: put, problem: notPut } = await ask('/api/try', { method: 'POST', body: sent, isAdmin: true, signal })
  if (notPut !== undefined) return step(spent(), 'Not sent:', notPut.detail)
  step(spent(), 'In the log', `at position ${put.position}, ${moment(put.appended_at)} by the broker's clock.`)

  // Whoever is asked about: the answer waits until this record is counted.
  const position = encodeURIComponent(put.position)
  const whose = userOf(sent) ?? user
  const path = `/api/user-activity-summary/${whose}?limit=1000&min_position=${position}`
  const { body: rows = [], problem: notSeen } = await ask(path, { signal })
  if (notSeen !== undefined && notSeen.code !== 'no_activity') return step(spent(), 'Not counted yet:', notSeen.detail)
  const visible = spent()
  const { body: traced, problem: notTraced } = await ask(`/api/trace?position=${position}`, { signal })
  if (notTraced !== undefined) return step(visible, 'Settled.', `What it became cannot be told: ${notTraced.detail}`)
  const copy = traced.copies[0]
  if (copy === undefined) return step(visible, 'Settled,', 'but it is not to be found in the log any more.')
  // Its fate is asked for afterwards; it was decided before it could be seen.
  step(`within ${visible}`, 'Judged:', `${legible(copy.why)}.`)
  step(`within ${visible}`, `${copy.fate[0].toUpperCase()}${copy.fate.slice(1)}`, 'and committed: this fate stays.')
  const row = copy.row && rows.find(({ item_id, date }) => item_id === copy.row.item_id && date === copy.row.date)
  if (row) {
    const { view_count, click_count, purchase_count } = row
    const counts = [view_count, click_count, purchase_count].map((each, kind) => amount(each, activities[kind].name))
    const link = element('a', { href: userLink(whose) }, 'this user')
    step(visible, 'Visible:', link, ` has ${counts.join(', ')} of this item on ${row.date}.`)
  } else if (copy.reject) {
    const link = element('a', { href: '#/rejects' }, 'see it among the rejects')
    step(visible, 'Kept', `byte for byte, as ${legible(copy.reject.reason)}: `, link, '.')
  }
}

/** @param {string} sent */
function userOf(sent) {
  try {
    const id = JSON.parse(sent)?.user_id
    return typeof id === 'string' && isUuid(id) ? id.toLowerCase() : undefined
  } catch {
    return undefined
  }
}
