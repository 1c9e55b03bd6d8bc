/** The page: one view at a time below a head that always says in what state the whole is. */
import { element, setAttribute, setHidden, setText } from './element.js'
import { inNextFrame } from './frame.js'
import { followLive, live } from './live.js'
import { openNow } from './now.js'
import { openPartitions } from './partitions.js'
import { openRejects } from './rejects.js'
import { parseRoute } from './route.js'
import { standing } from './standing.js'
import { takeToken } from './token.js'
import { openTry } from './try.js'
import { openUser } from './user.js'

/**
 * A view fills its host and is shown what changed, at most once per frame.
 * @typedef {{ show: (changed: ReadonlySet<string>) => void, close?: () => void }} View
 */

/** @type {Record<string, { title: string, open: (host: any, route: import('./route.js').Route) => View }>} */
const views = {
  '': { title: 'Now', open: openNow },
  user: { title: 'A user', open: openUser },
  partitions: { title: 'Partitions', open: openPartitions },
  rejects: { title: 'Rejects', open: openRejects },
  try: { title: 'Try it', open: openTry },
}

const byId = id => /** @type {HTMLElement} */ (document.getElementById(id))
const main = byId('main')
const changed = new Set()
/** @type {View} */
let view = { show() {} }
let lastSaid = ''

takeToken()
openRoute(false)
addEventListener('hashchange', () => openRoute(true))
document.querySelector('.skip')?.addEventListener('click', event => {
  // Its address is no route.
  event.preventDefault()
  main.focus()
})
followLive(what => {
  changed.add(what)
  inNextFrame(paint)
})

/** @param {boolean} isAsked somebody went there: the focus goes along, as it would on a new page. */
function openRoute(isAsked) {
  const route = parseRoute(location.hash)
  const { title, open } = views[route.view] ?? { title: 'No such page', open: openNothing }
  view.close?.()
  main.replaceChildren()
  view = open(main, route)
  document.title = `${title} · Footfall`
  for (const link of document.querySelectorAll('nav a')) {
    const isHere = parseRoute(link.getAttribute('href') ?? '').view === route.view
    if (isHere) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  view.show(new Set(['hello', 'state', 'activity', 'busiest', 'rejects', 'history', 'time']))
  if (!isAsked) return
  scrollTo(0, 0)
  main.focus({ preventScroll: true })
}

function paint() {
  const now = standing()
  setAttribute(document.body, 'data-state', now.state)
  setText(byId('standing'), now.word)
  setText(byId('old'), now.old ?? '')
  setHidden(byId('old'), now.old === null)
  setText(byId('version'), live.hello === null ? '' : `Footfall ${live.hello.version}`)
  // Spoken on a change of state only: numbers that move would never let a reader finish.
  if (now.word !== lastSaid && now.state !== 'connecting') setText(byId('said'), `${now.word}. ${now.why}`)
  lastSaid = now.word
  view.show(changed)
  changed.clear()
}

/** @param {HTMLElement} host @returns {View} */
function openNothing(host) {
  host.append(element('h1', {}, 'There is no such page'), element('p', {}, element('a', { href: '#/' }, 'Go to Now')))
  return { show() {} }
}
