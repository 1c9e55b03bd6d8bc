/** Whom to look up: a UUID that somebody pastes, or one of those who are active now. */
import { element, keyed, setHidden, setText } from './element.js'
import { isUuid, rate } from './format.js'
import { live } from './live.js'
import { userLink } from './route.js'

const wrong =
  'That is no UUID. One has 32 hexadecimal digits in the form 8-4-4-4-12, like 11111111-1111-1111-1111-111111111111.'

/** @param {string} id what the address says */
export function userSearch(id) {
  const words = element('p', { class: 'wrong', id: 'wrong-id', role: 'alert', hidden: true })
  const input = element('input', {
    name: 'user',
    id: 'user',
    value: id,
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    placeholder: '11111111-1111-1111-1111-111111111111',
    'aria-describedby': 'wrong-id',
  })
  const refuse = () => {
    setText(words, wrong)
    setHidden(words, false)
    input.setAttribute('aria-invalid', 'true')
  }
  const go = event => {
    event.preventDefault()
    const asked = input.value.trim()
    if (!isUuid(asked)) return refuse()
    location.hash = userLink(asked.toLowerCase())
  }
  const recent = element('ol', { class: 'recent' })
  const known = new Map()
  const active = element('div', { hidden: true }, element('p', { class: 'quiet' }, 'Active right now:'), recent)
  const seeded = '11111111-1111-1111-1111-111111111111'
  const nobody = element(
    'p',
    { class: 'quiet', hidden: true },
    'Nobody is active right now. The seeded user is ',
    element('a', { href: userLink(seeded), class: 'id' }, seeded),
    '.',
  )
  return {
    node: element(
      'div',
      { class: 'search' },
      element(
        'form',
        { onsubmit: go },
        element('label', { for: 'user' }, 'User id'),
        element('div', { class: 'line' }, input, element('button', {}, 'Show')),
      ),
      words,
      id === '' ? active : undefined,
      id === '' ? nobody : undefined,
    ),
    refuse,
    /** @param {ReadonlySet<string>} changed */
    show(changed) {
      if (id !== '' || !changed.has('busiest')) return
      const users = live.busiest?.users ?? []
      setHidden(active, users.length === 0)
      setHidden(nobody, users.length > 0)
      keyed(
        recent,
        known,
        users,
        ([user]) => user,
        ([user]) => {
          const often = element('span', { class: 'quiet number' })
          const node = element('li', {}, element('a', { href: userLink(user), class: 'id' }, user), ' ', often)
          return { node, show: ([, perMinute]) => setText(often, `${rate(perMinute)} a minute`) }
        },
      )
    },
  }
}
