/** From the ledger's sums, once a second, to events a second. Pure. */

/** The figure is an average over so long: one second alone would flicker. */
const windowMs = 5_000
/** Two samples further apart than this: nothing was counted between them, but in the last second. */
const idleMs = 2_500
/** The latest sample is from now until the next one is due. */
const freshMs = 1_500

/**
 * @typedef {object} Sample
 * @property {number} at milliseconds since 1970, by PostgreSQL's clock
 * @property {bigint} counted
 * @property {bigint} read
 * @property {number | null} lag
 * @property {number | null} waited milliseconds
 */

/**
 * @param {readonly Sample[]} samples oldest first
 * @param {number} nowMs by the same clock, as far as it is known
 * @returns {number | null} events counted a second lately; null: too early to say
 */
export function rateNow(samples, nowMs) {
  const latest = samples.at(-1)
  if (latest === undefined) return null
  const end = nowMs - latest.at < freshMs ? latest.at : nowMs
  const before = samples.findLast(({ at }) => at <= end - windowMs) ?? samples[0]
  const begin = Math.max(before?.at ?? 0, end - windowMs - 1_000)
  if (before === undefined || end - begin < 1_000) return null
  return (Number(latest.counted - before.counted) * 1_000) / (end - begin)
}

/**
 * @param {readonly Sample[]} samples
 * @returns {[number, number][]} time and events a second, with zeros where nothing was counted
 */
export function ratesOf(samples) {
  /** @type {[number, number][]} */
  const points = []
  samples.forEach((sample, index) => {
    const before = samples[index - 1]
    if (before === undefined) return
    const isIdle = sample.at - before.at > idleMs
    if (isIdle) points.push([before.at + 1_000, 0], [sample.at - 1_000, 0])
    const span = isIdle ? 1_000 : Math.max(sample.at - before.at, 100)
    points.push([sample.at, (Number(sample.counted - before.counted) * 1_000) / span])
  })
  return points
}
