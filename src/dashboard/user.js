/** A user: what one person did, by day and item, while it moves. */
import { ask } from './ask.js'
import { stackedBars } from './bars.js'
import { element, setHidden, setText } from './element.js'
import { day, isUuid, shortDay } from './format.js'
import { live, serverNow } from './live.js'
import { userLink } from './route.js'
import { userSearch } from './user-search.js'
import { userTable } from './user-table.js'

const rowsMax = 1_000
const barsMax = 92
const dayMs = 86_400_000

/** @param {any} host @param {import('./route.js').Route} route */
export function openUser(host, { id, query }) {
  const search = userSearch(id)
  host.append(element('h1', {}, 'A user'), search.node)
  if (id === '') return search
  if (!isUuid(id)) {
    search.refuse()
    return search
  }
  const shown = showUser(host, id.toLowerCase(), { from: query.get('from') ?? '', to: query.get('to') ?? '' })
  return {
    show(changed) {
      search.show(changed)
      shown.show(changed)
    },
    close: shown.close,
  }
}

/** @param {any} host @param {string} id @param {{ from: string, to: string }} range */
function showUser(host, id, range) {
  const words = element('p', { class: 'why', role: 'status' }, 'Looking…')
  const more = element(
    'p',
    { class: 'quiet', hidden: true },
    `These are the newest ${rowsMax.toLocaleString('en')} rows. A shorter time, or the CSV, shows the others.`,
  )
  const chartHost = element('section', { 'aria-label': 'By day' })
  const older = element('p', { class: 'quiet', hidden: true }, `The bars are of the newest ${barsMax} of these days.`)
  const table = userTable(id)
  const found = element('div', { hidden: true }, chartHost, older, more, table.node)
  const path = `/api/user-activity-summary/${id}`
  const within = new URLSearchParams(Object.entries(range).filter(([, date]) => date !== ''))
  const csv = element(
    'a',
    { href: `${path}?${new URLSearchParams([['format', 'csv'], ...within])}`, download: '' },
    'Download as CSV',
  )
  host.append(element('h2', { class: 'id user-id' }, id), rangeForm(id, range, csv), words, found)
  const bars = stackedBars(chartHost, {
    title: 'By day',
    unit: 'day',
    isNamed: (index, { length }, rems) => (length - 1 - index) % Math.ceil((length * 4.5) / rems) === 0,
  })
  const asking = new AbortController()
  let isAsking = false
  let isDue = true
  /** How much was counted when the rows were asked for: they are asked for again when it is more. */
  let readAt = ''

  async function read() {
    if (isAsking) return
    isAsking = true
    isDue = false
    readAt = live.state?.ledger.counted
    try {
      const answer = await ask(`${path}?${new URLSearchParams([...within, ['limit', String(rowsMax)]])}`, {
        signal: asking.signal,
      })
      if (answer.problem === undefined) show(answer.body, answer.next === true)
      else refuse(answer.problem)
    } catch (error) {
      if (!asking.signal.aborted) throw error
    } finally {
      isAsking = false
    }
  }
  function show(rows, isCut) {
    setText(words, rows.length === 0 ? 'Nothing was counted of this user in these days.' : '')
    setHidden(words, rows.length > 0)
    setHidden(found, rows.length === 0)
    setHidden(more, !isCut)
    if (rows.length === 0) return
    table.show(rows)
    const days = daysOf(rows, range)
    setHidden(
      older,
      rows.every(({ date }) => date >= days[0].name),
    )
    bars.show(days)
  }
  /** Nothing old stays below words that say that nothing can be known now. */
  function refuse({ code, detail }) {
    setHidden(words, false)
    setHidden(found, true)
    setText(words, said[code] ?? detail)
    isDue = code !== 'no_activity'
  }

  return {
    /** @param {ReadonlySet<string>} changed */
    show(changed) {
      if (!changed.has('state') && !changed.has('time')) return
      if ((isDue || live.state?.ledger.counted !== readAt) && !document.hidden) void read()
    },
    close() {
      asking.abort()
      bars.close()
    },
  }
}

const said = {
  no_activity: 'Nothing of this user was counted yet. The moment that something is, it stands here.',
  no_answer: 'The API does not answer, so nothing can be said of this user now. This page tries again by itself.',
  database_away: 'The API answers, but PostgreSQL, which has the counts, does not. This page tries again by itself.',
}

/** @param {string} id @param {{ from: string, to: string }} range */
function rangeForm(id, range, csv) {
  const field = name => element('input', { type: 'date', name, value: range[name], max: '9999-12-31' })
  const [from, to] = [field('from'), field('to')]
  const go = event => {
    event.preventDefault()
    location.hash = userLink(id, { from: from.value, to: to.value })
  }
  return element(
    'form',
    { class: 'range', onsubmit: go, onchange: go },
    element('label', {}, 'From ', from),
    element('label', {}, 'to ', to),
    element('button', { class: 'unseen' }, 'Show'),
    range.from !== '' || range.to !== '' ? element('a', { href: userLink(id) }, 'All days') : undefined,
    csv,
  )
}

/** One bar for each day, the empty ones too, up to the end of the range or today. */
function daysOf(rows, { from, to }) {
  const sums = new Map()
  for (const { date, view_count, click_count, purchase_count } of rows) {
    const before = sums.get(date) ?? [0n, 0n, 0n]
    sums.set(
      date,
      [view_count, click_count, purchase_count].map((each, kind) => before[kind] + BigInt(each)),
    )
  }
  const dates = [...sums.keys()].sort()
  const today = day(Number.isNaN(serverNow()) ? Date.now() : serverNow())
  const last = Date.parse(to || [today, dates.at(-1)].sort().at(-1))
  const first = Math.max(Date.parse(from || dates[0]), last - (barsMax - 1) * dayMs)
  const least = Math.min(first, last - 13 * dayMs)
  const length = Math.round((last - least) / dayMs) + 1
  return Array.from({ length }, (_, index) => {
    const name = day(least + index * dayMs)
    return { name, label: shortDay(name), counts: sums.get(name) ?? [0n, 0n, 0n] }
  })
}
