/** The busiest users and items of the last minute or so, as consumers estimate them. */
import { element, keyed, setHidden, setText } from './element.js'
import { rate } from './format.js'
import { live } from './live.js'
import { userLink } from './route.js'

/** @param {any} host */
export function openBusiest(host) {
  const lists = {
    users: list('Users', 'Nobody in the last minute.'),
    items: list('Items', 'Nothing in the last minute.'),
  }
  host.setAttribute('aria-labelledby', 'busiest-title')
  host.append(
    element('h2', { id: 'busiest-title' }, 'Busiest right now'),
    element('div', { class: 'two' }, lists.users.node, lists.items.node),
    element(
      'p',
      { class: 'quiet' },
      'Events a minute, estimated by each consumer from an even sample of the rows that it settled in the last minute or so: ' +
        'the same small cost whatever the tables hold. Nothing is proved by it; the counts are exact.',
    ),
  )
  return {
    /** @param {ReadonlySet<string>} changed */
    show(changed) {
      if (!changed.has('busiest')) return
      lists.users.show(live.busiest?.users ?? [], id => element('a', { href: userLink(id), class: 'id' }, id))
      lists.items.show(live.busiest?.items ?? [], id => element('span', { class: 'id' }, id))
    },
  }
}

/** @param {string} title @param {string} none */
function list(title, none) {
  const rows = element('tbody')
  const known = new Map()
  const empty = element('p', { class: 'quiet' }, none)
  const caption = element('caption', {}, title)
  const head = element(
    'thead',
    { class: 'unseen' },
    element('tr', {}, element('th', { scope: 'col' }, 'id'), element('th', { scope: 'col' }, 'events a minute')),
  )
  const node = element('div', {}, element('table', { class: 'busiest' }, caption, head, rows), empty)
  return {
    node,
    show(ranked, write) {
      setHidden(empty, ranked.length > 0)
      const most = ranked[0]?.[1] ?? 1
      const shares = ranked.map(([id, perMinute]) => ({ id, perMinute, share: Math.round((100 * perMinute) / most) }))
      keyed(
        rows,
        known,
        shares,
        ({ id }) => id,
        ({ id }) => rowOf(write(id)),
      )
    },
  }
}

/** @param {any} id the link or the text that names it */
function rowOf(id) {
  const value = element('td', { class: 'number' })
  const node = element('tr', {}, element('td', { class: 'bar' }, id), value)
  return {
    node,
    show({ perMinute, share }) {
      setText(value, rate(perMinute))
      node.style.setProperty('--share', `${share}%`)
    },
  }
}
