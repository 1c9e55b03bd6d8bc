/** Events counted a second, for the last two minutes. */
import { acrossAxis, chart, colour, fromZero, upAxis } from './chart.js'
import { element } from './element.js'
import { brief, rate } from './format.js'
import { live, serverNow } from './live.js'
import { rateNow, ratesOf } from './rate.js'

const seconds = 120
const title = 'Events counted a second, the last two minutes'

/** @param {any} host */
export function openSpeed(host) {
  const canvas = element('div', { class: 'chart small', role: 'img', 'aria-label': title })
  host.className = 'speed'
  host.append(element('figure', {}, element('figcaption', { class: 'unseen' }, title), canvas))
  const words = new Map([
    [-120, '2 min ago'],
    [-60, '1 min ago'],
    [0, 'now'],
  ])
  const drawn = chart(canvas, () => ({
    padding: [8, 18, 0, 0],
    scales: { x: { time: false, range: [-seconds, 0] }, y: { range: fromZero } },
    axes: [
      acrossAxis(
        () => [...words.keys()],
        at => words.get(at) ?? '',
      ),
      upAxis(brief),
    ],
    series: [{}, { stroke: () => colour('--ink'), fill: () => colour('--wash'), width: 1.5, points: { show: false } }],
    cursor: { show: false },
  }))
  return {
    /** @param {ReadonlySet<string>} changed */
    show(changed) {
      if (!changed.has('state') && !changed.has('history') && !changed.has('time')) return
      const now = serverNow()
      if (Number.isNaN(now)) return
      const points = ratesOf(live.samples).filter(([at]) => at > now - seconds * 1_000)
      const last = live.samples.at(-1)
      // Nothing new for a while is no rate at all, not the last one for ever.
      if (last !== undefined && now - last.at > 2_500) points.push([last.at + 1_000, 0], [now, 0])
      canvas.setAttribute('aria-label', `${title}; now ${rate(rateNow(live.samples, now))}.`)
      drawn.draw([points.map(([at]) => (at - now) / 1_000), points.map(([, each]) => each)])
    },
    close: drawn.close,
  }
}
