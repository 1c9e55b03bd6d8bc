/** What all charts have in common: uPlot in a frame of fixed height, colours of the scheme, and no markup of its own. */

// Where it cannot be loaded, or cannot stand the browser's language, the page does without charts: each has a table.
const uPlot = await import('./uplot.js').then(
  charts => charts.default,
  () => undefined,
)

/** @param {string} name of a custom property */
export const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

const font = () => `${Math.round(rem() * 0.75)}px ${getComputedStyle(document.body).fontFamily}`
/** The page's measure, in pixels: letters, and what has to fit them, grow with it. */
export const rem = () => Number.parseFloat(getComputedStyle(document.documentElement).fontSize)

/** Whole numbers only: there is no half event. */
const wholeSteps = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map(step => step * 10 ** power)).flat()

/**
 * @param {HTMLElement} host has its height from the style sheet, so that nothing moves when a chart comes
 * @param {() => object} options of uPlot, besides those of all charts
 * @returns {{ draw: (data: readonly (readonly number[])[]) => void, close: () => void }}
 */
export function chart(host, options) {
  /** @type {any} */
  let plot
  /** @type {any} */
  let data
  const size = () => ({ width: host.clientWidth, height: host.clientHeight })
  const resized = new ResizeObserver(() => {
    if (host.clientWidth === 0) return
    if (plot !== undefined && plot.width !== host.clientWidth) plot.setSize(size())
    else if (plot === undefined && data !== undefined) make()
  })
  resized.observe(host)
  const scheme = matchMedia('(prefers-color-scheme: dark)')
  const recolour = () => plot?.redraw(false)
  scheme.addEventListener('change', recolour)

  function make() {
    if (uPlot === undefined) return
    plot = new uPlot(/** @type {any} */ ({ ...size(), legend: { show: false }, ...options() }), data, host)
  }
  return {
    draw(next) {
      data = next
      if (plot !== undefined) plot.setData(data)
      else if (host.clientWidth > 0) make()
    },
    close() {
      resized.disconnect()
      scheme.removeEventListener('change', recolour)
      plot?.destroy()
    },
  }
}

/** @param {(value: number) => string} write */
export function upAxis(write) {
  return {
    stroke: () => colour('--quiet'),
    font: font(),
    size: Math.round(rem() * 2.9),
    gap: 6,
    space: Math.round(rem() * 2.4),
    incrs: wholeSteps,
    values: (_plot, splits) => splits.map(value => (value === null ? '' : write(value))),
    grid: { stroke: () => colour('--line'), width: 1 },
    ticks: { show: false },
    border: { show: false },
  }
}

/** @param {(plot: any) => number[]} splits @param {(value: number) => string} write */
export function acrossAxis(splits, write) {
  return {
    stroke: () => colour('--quiet'),
    font: font(),
    size: Math.round(rem() * 1.7),
    gap: 6,
    splits,
    values: (_plot, at) => at.map(write),
    grid: { show: false },
    ticks: { show: false },
    border: { show: true, stroke: () => colour('--line'), width: 1 },
  }
}

/** @param {object} options */
export const bars = options => /** @type {any} */ (uPlot?.paths)?.bars(options)

/** From 0 to a little above the highest. */
export const fromZero = (_plot, _least, most) => [0, Math.max(4, (most ?? 0) * 1.06)]
