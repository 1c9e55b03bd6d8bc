/** Now: the state in a word, three figures, the ledger as an equation, activity, and who is busiest. */
import { openActivity } from './activity.js'
import { openBusiest } from './busiest.js'
import { element, setHidden, setText } from './element.js'
import { openLedger } from './equation.js'
import { firstSteps } from './first-steps.js'
import { clock, count, duration, rate, unknown } from './format.js'
import { openHalts } from './halts.js'
import { live, serverNow } from './live.js'
import { rateNow } from './rate.js'
import { openSpeed } from './speed.js'
import { standing } from './standing.js'

/** @param {any} host */
export function openNow(host) {
  const word = element('p', { class: 'word' })
  const why = element('p', { class: 'why' })
  const since = element('p', { class: 'quiet' })
  const halts = element('div')
  const first = firstSteps()
  const figures = {
    rate: figure('events counted a second'),
    lag: figure('records in the log not yet counted'),
    waited: figure('from the log to the counts'),
  }
  const [ledger, speed, activity, busiest] = Array.from({ length: 4 }, () => element('section'))
  host.append(
    element('h1', { class: 'unseen' }, 'Now'),
    element(
      'section',
      { class: 'opening', 'aria-label': 'State' },
      element('div', { class: 'state' }, word, why, since),
    ),
    halts,
    first,
    element(
      'section',
      { class: 'figures', 'aria-label': 'Speed' },
      ...Object.values(figures).map(({ node }) => node),
      speed,
    ),
    ledger,
    activity,
    busiest,
  )
  const parts = [openLedger(ledger), openSpeed(speed), openActivity(activity), openBusiest(busiest), openHalts(halts)]

  return {
    show(changed) {
      const { state } = live
      const now = standing()
      setText(word, now.word)
      setText(why, now.why)
      setText(since, now.old ?? (state === null ? '' : `As of ${clock(state.at)} UTC`))
      setHidden(first, now.state !== 'waiting')
      setText(figures.rate.value, now.state === 'stale' ? unknown : rate(rateNow(live.samples, serverNow())))
      setText(figures.lag.value, count(state?.lag))
      setText(figures.waited.value, duration(state?.waited_ms))
      for (const part of parts) part.show(changed)
    },
    close() {
      for (const part of parts) part.close?.()
    },
  }
}

/** @param {string} label */
function figure(label) {
  const value = element('dd', { class: 'number' }, unknown)
  return { value, node: element('dl', { class: 'figure' }, element('dt', {}, label), value) }
}
