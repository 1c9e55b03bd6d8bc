/**
 * What /api/live said last, and whether it still speaks. A connection that is silent is replaced; one that nobody looks at
 * is given up, so that the API need not look either.
 */

/** The API says something every 5 s at least. */
export const silenceMs = 7_000
const hiddenMs = 60_000
const samplesMax = 130

/**
 * @typedef {import('./rate.js').Sample} Sample
 */

/** What is known, each part null until it was heard of. */
export const live = {
  /** @type {any} */ hello: null,
  /** @type {any} */ state: null,
  /** @type {Map<string, string[]>} ISO minute -> views, clicks, purchases */ minutes: new Map(),
  /** @type {Map<string, string[]>} */ days: new Map(),
  hasActivity: false,
  /** @type {any} */ busiest: null,
  /** @type {any} */ rejects: null,
  /** @type {Sample[]} */ samples: [],
  /** When anything was heard last, by performance.now(). */
  heardAt: Number.NEGATIVE_INFINITY,
}

/** The latest time of PostgreSQL's clock that was heard of, and when that was by performance.now(). */
const clock = { at: Number.NaN, heardAt: 0 }

/** How long nothing was heard. */
export const silentForMs = () => performance.now() - Math.max(live.heardAt, 0)

/** PostgreSQL's clock, carried on by ours. NaN before anything was heard. */
export const serverNow = () => clock.at + performance.now() - clock.heardAt

const heard = {
  hello: data => {
    live.hello = data
  },
  state: data => {
    live.state = data
    setClock(Date.parse(data.at))
    const { counted, read } = data.ledger
    addSample([data.at, counted, read, data.lag, data.waited_ms])
  },
  history: data => {
    live.samples = []
    for (const sample of data) addSample(sample)
  },
  activity: ({ minutes, days, isChange }) => {
    if (!isChange) {
      live.minutes.clear()
      live.days.clear()
    }
    live.hasActivity = true
    for (const [minute, ...counts] of minutes) live.minutes.set(new Date(minute).toISOString(), counts)
    for (const [date, ...counts] of days) live.days.set(date, counts)
    keepNewest(live.minutes, 120)
    keepNewest(live.days, 62)
  },
  busiest: data => {
    live.busiest = data
  },
  rejects: data => {
    live.rejects = data
  },
  beat: ({ at }) => setClock(Date.parse(at)),
}

/** @param {number} at */
function setClock(at) {
  // What is sent again because nothing newer is known has its old time.
  if (at <= clock.at) return
  clock.at = at
  clock.heardAt = performance.now()
}

function addSample([at, counted, read, lag, waited]) {
  const time = Date.parse(at)
  if (time <= (live.samples.at(-1)?.at ?? 0)) return
  live.samples.push({ at: time, counted: BigInt(counted), read: BigInt(read), lag, waited })
  if (live.samples.length > samplesMax) live.samples.shift()
}

/** Keys sort by time. @param {Map<string, unknown>} map @param {number} max */
function keepNewest(map, max) {
  const keys = [...map.keys()].sort()
  for (const key of keys.slice(0, Math.max(0, keys.length - max))) map.delete(key)
}

/** Follows the stream for as long as the page is there. @param {(what: string) => void} onChange */
export function followLive(onChange) {
  let source = open()
  let openedAt = performance.now()
  let isPaused = false
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let hiding

  function open() {
    const opened = new EventSource('/api/live')
    for (const [name, take] of Object.entries(heard)) {
      opened.addEventListener(name, event => {
        live.heardAt = performance.now()
        take(JSON.parse(event.data))
        onChange(name)
      })
    }
    return opened
  }
  function reopen() {
    source.close()
    source = open()
    openedAt = performance.now()
  }
  // A browser tries again by itself after a connection was lost, but not after an answer that is an error.
  setInterval(() => {
    const isSilent = silentForMs() > silenceMs && performance.now() - openedAt > silenceMs
    if (!isPaused && (source.readyState === EventSource.CLOSED || isSilent)) reopen()
    onChange('time')
  }, 1_000)
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hiding)
    if (document.hidden) {
      hiding = setTimeout(() => {
        isPaused = true
        source.close()
      }, hiddenMs)
    } else if (isPaused) {
      isPaused = false
      reopen()
    }
  })
}
