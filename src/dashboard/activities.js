/** The three kinds of events, in the order in which they are always shown: order and words tell them apart, not hue alone. */

export const activities = /** @type {const} */ ([
  { name: 'view', names: 'views', color: '--view' },
  { name: 'click', names: 'clicks', color: '--click' },
  { name: 'purchase', names: 'purchases', color: '--purchase' },
])

/** @param {readonly (number | bigint | string)[]} counts */
export const sumOf = counts => counts.reduce((/** @type {bigint} */ sum, each) => sum + BigInt(each), 0n)
