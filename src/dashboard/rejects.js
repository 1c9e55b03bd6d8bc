/** Rejects: bad records in groups, and an example of each with its bytes. Who may see them has ADMIN_TOKEN. */
import { ask } from './ask.js'
import { element, keyed, setHidden, setText } from './element.js'
import { count } from './format.js'
import { live } from './live.js'
import { rejectGroup } from './reject-group.js'
import { keepToken, token } from './token.js'

/** @param {any} host */
export function openRejects(host) {
  const sum = element('p', { class: 'why' })
  const words = element('p', { class: 'quiet', role: 'status', hidden: true })
  const closed = element(
    'section',
    { hidden: true },
    element(
      'p',
      {},
      'What they are, and their bytes, is shown to whoever has the token of this API. It has none: set ',
      element('code', {}, 'ADMIN_TOKEN'),
      ' and start it again, or look with ',
      element('code', {}, './footfall rejects'),
      '.',
    ),
  )
  const form = tokenForm(() => void read())
  const settled = element('p', { class: 'quiet' })
  const groups = element('div', { class: 'groups' })
  const known = new Map()
  host.append(element('h1', {}, 'Rejects'), sum, closed, form.node, words, groups, settled)
  const asking = new AbortController()
  let readOf = ''
  let isAsking = false

  async function read() {
    if (isAsking) return
    isAsking = true
    try {
      const { body, problem } = await ask('/api/rejects', { isAdmin: true, signal: asking.signal })
      if (problem?.code === 'unauthorized') {
        form.refuse()
        return
      }
      setHidden(form.node, problem === undefined)
      setText(words, problem?.detail ?? '')
      setHidden(words, problem === undefined)
      if (problem !== undefined) {
        readOf = ''
        return
      }
      keyed(groups, known, body.groups, ({ reason, pointer }) => `${reason} ${pointer}`, rejectGroup)
      setText(
        settled,
        body.settled_groups > 0
          ? `${count(body.settled_groups)} more with nothing left open: ./footfall rejects --all`
          : '',
      )
    } catch (error) {
      if (!asking.signal.aborted) throw error
    } finally {
      isAsking = false
    }
  }

  return {
    /** @param {ReadonlySet<string>} changed */
    show(changed) {
      const total = live.rejects?.total
      setText(sum, total === undefined ? 'Not heard of yet.' : totalWords(total, live.rejects.recent))
      const { hello } = live
      setHidden(closed, hello === null || hello.rejects)
      setHidden(form.node, hello === null || !hello.rejects || token() !== null)
      if (!hello?.rejects || token() === null || total === undefined) return
      if ((readOf !== total && changed.has('time')) || readOf === '') {
        readOf = total
        void read()
      }
    },
    close: () => asking.abort(),
  }
}

const totalWords = (total, recent) =>
  total === '0'
    ? 'No record was rejected. A bad one would be kept here byte for byte, and would hold up no other.'
    : `${count(total)} rejected${recent === null || recent === undefined ? '' : `, ${count(recent)} of them in the last hour`}. Each is kept byte for byte, and none was counted.`

/** @param {() => void} onGiven */
function tokenForm(onGiven) {
  const input = element('input', { type: 'password', id: 'token', autocomplete: 'current-password' })
  const words = element('p', { class: 'wrong', role: 'alert', hidden: true }, 'That is not the token of this API.')
  const given = event => {
    event.preventDefault()
    if (input.value === '') return
    keepToken(input.value)
    input.value = ''
    setHidden(words, true)
    onGiven()
  }
  const node = element(
    'form',
    { class: 'token', onsubmit: given, hidden: true },
    element('label', { for: 'token' }, 'ADMIN_TOKEN of this API'),
    element('div', { class: 'line' }, input, element('button', {}, 'Show them')),
    words,
    element('p', { class: 'quiet' }, 'It stays in this tab, and is forgotten with it.'),
  )
  return {
    node,
    refuse() {
      keepToken('')
      setHidden(words, false)
      setHidden(node, false)
    },
  }
}
