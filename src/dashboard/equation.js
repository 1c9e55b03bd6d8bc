/** The ledger as what it is: an equation that holds in every committed snapshot, added up again here. */
import { element, setHidden, setText } from './element.js'
import { count } from './format.js'
import { live } from './live.js'

const fates = /** @type {const} */ (['counted', 'duplicate', 'rejected', 'skipped', 'lost'])

/** @param {any} host */
export function openLedger(host) {
  const read = term('read', '')
  const terms = fates.map((fate, index) => term(fate, index === 0 ? '=' : '+'))
  const line = element('div', { class: 'terms' }, read.node, ...terms.map(({ node }) => node))
  const verdict = element('p', { class: 'quiet' }, 'Not heard of yet.')
  setHidden(terms[4].node, true)
  let reserved = 0
  host.setAttribute('aria-labelledby', 'ledger-title')
  host.append(element('h2', { id: 'ledger-title' }, 'The ledger'), element('div', { class: 'equation' }, line), verdict)
  const reserve = length => {
    if (length <= reserved) return
    reserved = rooms.find(room => room >= length) ?? length
    line.style.setProperty('--digits', String(reserved))
  }
  return {
    /** @param {ReadonlySet<string>} changed */
    show(changed) {
      const ledger = live.state?.ledger
      if (ledger === undefined || !changed.has('state')) return
      reserve(count(ledger.read).length)
      setText(read.value, count(ledger.read))
      for (const [index, fate] of fates.entries()) setText(terms[index].value, count(ledger[fate]))
      // Lost is an operator's word, and rare: it stands there only where it was said.
      setHidden(terms[4].node, ledger.lost === '0')
      line.style.setProperty('--terms', ledger.lost === '0' ? '5' : '6')
      const off = BigInt(ledger.read) - fates.reduce((sum, fate) => sum + BigInt(ledger[fate]), 0n)
      setText(verdict, off === 0n ? balanced(ledger) : `It is off by ${count(off)}: run ./footfall verify.`)
    },
  }
}

/** How many characters a term has room for: what is shown changes within it, and it grows at a million and a billion. */
const rooms = [7, 11, 15, 19, 26]

const balanced = ({ lost }) =>
  `It balances: every record that was read has one fate${lost === '0' ? '' : ', or was declared lost by a person'}.`

/** @param {string} label @param {string} sign */
function term(label, sign) {
  const value = element('span', { class: 'number' }, '–')
  const node = element(
    'div',
    { class: `term ${label}` },
    element('span', { class: 'sign' }, sign),
    element('span', { class: 'amount' }, value, element('span', { class: 'label' }, label)),
  )
  return { node, value }
}
