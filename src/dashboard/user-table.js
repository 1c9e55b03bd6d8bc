/** A user's rows. Each number is a button: it opens the events that it is the sum of, below its row. */
import { activities } from './activities.js'
import { element, keyed, setAttribute, setText } from './element.js'
import { explanation } from './explain.js'
import { count } from './format.js'

/** @param {string} user */
export function userTable(user) {
  const rows = element('table', { class: 'rows' })
  const head = ['day', 'item', ...activities.map(({ names }) => names)]
  const known = new Map()
  rows.append(
    element('caption', { class: 'unseen' }, 'By day and item; each number opens the events behind it'),
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        ...head.map((name, index) => element('th', { scope: 'col', class: index > 1 ? 'number' : '' }, name)),
      ),
    ),
  )
  // Each row is a body of its own, so that its explanation goes where it goes.
  const bodies = {
    insertBefore: (node, next) => rows.insertBefore(node, next),
    get firstElementChild() {
      return rows.tHead.nextElementSibling
    },
  }
  return {
    node: element(
      'section',
      { 'aria-labelledby': 'rows-title' },
      element('h2', { id: 'rows-title' }, 'By day and item'),
      element('p', { class: 'quiet' }, 'Each number opens the events that it is the sum of.'),
      element('div', { class: 'scrolls' }, rows),
    ),
    show(next) {
      keyed(
        /** @type {any} */ (bodies),
        known,
        next,
        ({ date, item_id }) => `${date} ${item_id}`,
        row => rowOf(user, row),
      )
      let before = ''
      for (const row of next) {
        known.get(`${row.date} ${row.item_id}`).showDay(row.date !== before)
        before = row.date
      }
    },
  }
}

/** @param {string} user */
function rowOf(user, { date, item_id }) {
  /** @type {any} */
  let opened
  const close = () => {
    opened?.node.remove()
    opened?.close()
    opened = undefined
    for (const button of buttons) button.setAttribute('aria-expanded', 'false')
  }
  const buttons = activities.map(({ names }, kind) => {
    const open = () => {
      const isOpen = opened?.kind === kind
      close()
      if (isOpen) return
      const told = explanation(user, item_id, date, kind)
      opened = {
        kind,
        close: told.close,
        node: element('tr', { class: 'explanation' }, element('td', { colspan: '5' }, told.node)),
      }
      node.append(opened.node)
      buttons[kind].setAttribute('aria-expanded', 'true')
    }
    return element('button', {
      class: 'number',
      type: 'button',
      'aria-expanded': 'false',
      'aria-label': names,
      onclick: open,
    })
  })
  const dayCell = element(
    'th',
    { scope: 'row' },
    element('a', { href: `#/user/${user}?from=${date}&to=${date}` }, date),
  )
  const node = element(
    'tbody',
    {},
    element(
      'tr',
      {},
      dayCell,
      element('td', { class: 'id' }, item_id),
      ...buttons.map(button => element('td', { class: 'number' }, button)),
    ),
  )
  let isFirst = true
  return {
    node,
    close,
    show({ view_count, click_count, purchase_count }) {
      const counts = [view_count, click_count, purchase_count].map(each => count(each))
      counts.forEach((text, kind) => {
        const button = buttons[kind]
        if (button.textContent === text) return
        setText(button, text)
        setAttribute(button, 'aria-label', `${text} ${activities[kind]?.names}: show the events`)
        if (!isFirst) flash(button)
      })
      isFirst = false
    },
    showDay: isNew => setAttribute(node, 'class', isNew ? 'new-day' : ''),
  }
}

/** Shows that a number has moved; the style sheet leaves that out for whoever wants no motion. */
function flash(button) {
  button.classList.remove('moved')
  requestAnimationFrame(() => button.classList.add('moved'))
}
