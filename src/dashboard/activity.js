/** Activity: the last hour by minute, the last month by day, from the sums that are kept beside the counts. */
import { stackedBars } from './bars.js'
import { element, setHidden } from './element.js'
import { clock, day, shortDay } from './format.js'
import { live, serverNow } from './live.js'

const minuteMs = 60_000
const dayMs = 86_400_000
const none = ['0', '0', '0']

/** @param {any} host */
export function openActivity(host) {
  const empty = element('p', { class: 'quiet', hidden: true }, 'Nothing was counted in this time.')
  const [hour, month] = [element('div'), element('div')]
  host.setAttribute('aria-labelledby', 'activity-title')
  host.append(
    element('h2', { id: 'activity-title' }, 'Activity'),
    empty,
    element('div', { class: 'two' }, hour, month),
    element(
      'p',
      { class: 'quiet' },
      'By the time at which records came into the log. Together they are what the ledger has counted.',
    ),
  )
  const minutes = stackedBars(hour, {
    title: 'The last hour, by minute',
    unit: 'minute',
    isNamed: (index, bars, rems) => Number(bars[index]?.name.slice(3)) % (rems < 26 ? 20 : 10) === 0,
  })
  const days = stackedBars(month, {
    title: 'The last month, by day',
    unit: 'day',
    isNamed: (index, bars, rems) => (bars.length - 1 - index) % (rems < 26 ? 10 : 5) === 0,
  })
  let shownAt = 0
  return {
    /** @param {ReadonlySet<string>} changed */
    show(changed) {
      const now = serverNow()
      if (!live.hasActivity || Number.isNaN(now)) return
      const minute = Math.floor(now / minuteMs)
      if (!changed.has('activity') && minute === shownAt) return
      shownAt = minute
      minutes.show(
        slots(60, Math.max(now, ...times(live.minutes)), minuteMs, at => {
          const name = new Date(at).toISOString()
          return { name: clock(at).slice(0, 5), label: clock(at).slice(0, 5), counts: live.minutes.get(name) ?? none }
        }),
      )
      days.show(
        slots(31, now, dayMs, at => ({
          name: day(at),
          label: shortDay(day(at)),
          counts: live.days.get(day(at)) ?? none,
        })),
      )
      setHidden(empty, live.days.size > 0)
    },
    close() {
      minutes.close()
      days.close()
    },
  }
}

/** A broker's clock may be ahead of PostgreSQL's by a little. @param {Map<string, unknown>} minutes */
const times = minutes => [...minutes.keys()].map(minute => Date.parse(minute))

/** One bar for each step of time, the empty ones too. */
function slots(length, endMs, stepMs, barAt) {
  const last = Math.floor(endMs / stepMs) * stepMs
  return Array.from({ length }, (_, index) => barAt(last - (length - 1 - index) * stepMs))
}
