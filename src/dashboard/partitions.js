/** Partitions: where each stands, what became of its records, who counts it. */
import { element, keyed, setText } from './element.js'
import { amount, clock, count, duration, unknown } from './format.js'
import { openHalts } from './halts.js'
import { live, serverNow } from './live.js'

const columns = /** @type {const} */ ([
  { name: 'partition', says: row => String(row.partition) },
  { name: 'state', says: row => stateOf(row) },
  { name: 'next offset', says: row => count(row.next_offset), isNumber: true },
  { name: 'log end', says: row => count(logEnd(row)), isNumber: true },
  { name: 'lag', says: row => count(row.lag), isNumber: true },
  { name: 'counted', says: row => count(row.counted), isNumber: true },
  { name: 'duplicate', says: row => count(row.duplicate), isNumber: true },
  { name: 'rejected', says: row => count(row.rejected), isNumber: true },
  { name: 'skipped', says: row => count(row.skipped), isNumber: true },
  { name: 'lost', says: row => count(row.lost), isNumber: true },
  { name: 'last commit', says: row => (row.settled_at === null ? unknown : clock(row.settled_at)), isNumber: true },
  { name: 'waited', says: row => duration(row.waited_ms), isNumber: true },
  { name: 'seen', says: row => seen(row), isNumber: true },
  { name: 'owner', says: row => row.owner ?? unknown },
])

/** @param {any} host */
export function openPartitions(host) {
  const rows = element('tbody')
  const known = new Map()
  const halts = element('div')
  const sum = element('p', { class: 'why' })
  const head = columns.map(({ name, isNumber }) =>
    element('th', { scope: 'col', class: isNumber ? 'number' : '' }, name),
  )
  const caption = element('caption', { class: 'unseen' }, 'Partitions of the topic')
  host.append(
    element('h1', {}, 'Partitions'),
    sum,
    halts,
    element(
      'div',
      { class: 'scrolls', tabindex: '0', role: 'region', 'aria-label': 'Partitions, a wide table' },
      element('table', { class: 'partitions' }, caption, element('thead', {}, element('tr', {}, ...head)), rows),
    ),
    element(
      'p',
      { class: 'quiet' },
      'Next offset less the offset where counting began is counted + duplicate + rejected + skipped + lost, in every row. ' +
        'Waited: from the first record of the latest batch in the log to its commit. Seen: when its consumer last looked at the log.',
    ),
  )
  const shownHalts = openHalts(halts)
  return {
    /** @param {ReadonlySet<string>} changed */
    show(changed) {
      shownHalts.show(changed)
      const partitions = live.state?.partitions ?? []
      if (live.state === null) return setText(sum, 'Not heard of yet.')
      const halted = partitions.filter(({ halt }) => halt !== null).length
      setText(sum, words(partitions.length, halted))
      keyed(rows, known, partitions, row => String(row.partition), makeRow)
    },
  }
}

/** A state lists so many at most, the halted ones among them. */
const listedMax = 256

function words(partitions, halted) {
  if (partitions === 0) return 'No partition has been counted yet: start a consumer.'
  const these = partitions < listedMax ? amount(partitions, 'partition') : `${listedMax} of the partitions`
  return `${these}, ${halted > 0 ? `${halted} halted` : 'none halted'}.`
}

function makeRow() {
  const cells = columns.map(({ isNumber }, index) =>
    index === 0 ? element('th', { scope: 'row' }) : element('td', { class: isNumber ? 'number' : '' }),
  )
  const node = element('tr', {}, ...cells)
  return {
    node,
    show(row) {
      for (const [index, { says }] of columns.entries()) setText(cells[index], says(row))
      node.className = row.halt === null ? '' : 'halted'
    },
  }
}

/** The log is looked at every two seconds, and what was counted meanwhile lies in it. */
const logEnd = ({ log_end, next_offset }) => (log_end === null ? null : Math.max(log_end, next_offset))

function stateOf({ halt, lag }) {
  if (halt !== null) return `halted: ${halt.reason}`
  return lag === null ? unknown : 'open'
}

function seen({ seen_at }) {
  if (seen_at === null) return unknown
  const ms = serverNow() - Date.parse(seen_at)
  return ms < 3_000 ? 'just now' : `${duration(ms)} ago`
}
