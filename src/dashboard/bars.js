/** Stacked bars of views, clicks and purchases: by minute or by day, with a legend that adds up and a table of the same. */
import { activities, sumOf } from './activities.js'
import { acrossAxis, bars as barPaths, chart, colour, fromZero, rem, upAxis } from './chart.js'
import { element, setText } from './element.js'
import { amount, brief, count, unknown } from './format.js'

/** @typedef {{ readonly name: string, readonly label: string, readonly counts: readonly (string | number | bigint)[] }} Bar */

/**
 * @param {any} host
 * @param {{ title: string, unit: string, isNamed: (index: number, bars: readonly Bar[], rems: number) => boolean }} options which
 * bars are named below, where the chart is so wide
 * @returns {{ show: (bars: readonly Bar[]) => void, close: () => void }}
 */
export function stackedBars(host, { title, unit, isNamed }) {
  /** @type {readonly Bar[]} */
  let bars = []
  const legend = activities.map(({ names, color }) => {
    const sum = element('b', { class: 'number' }, unknown)
    return { sum, node: element('span', { class: `key ${color.slice(2)}` }, sum, ` ${names}`) }
  })
  const readout = element('span', { class: 'readout' })
  const canvas = element('div', { class: 'chart', role: 'img', 'aria-label': title })
  const rows = element('tbody')
  const table = element(
    'details',
    { ontoggle: () => fillTable() },
    element('summary', {}, 'As a table'),
    tableOf(title, unit, rows),
  )
  host.append(
    element(
      'figure',
      {},
      element(
        'figcaption',
        {},
        element('h3', {}, title),
        element('p', { class: 'legend' }, ...legend.map(key => key.node)),
      ),
      canvas,
      element('p', { class: 'under' }, readout),
      table,
    ),
  )
  const drawn = chart(canvas, () => ({
    padding: [8, 22, 0, 0],
    scales: { x: { time: false, range: () => [-0.5, Math.max(bars.length, 1) - 0.5] }, y: { range: fromZero } },
    axes: [acrossAxis(named, index => bars[index]?.label ?? ''), upAxis(brief)],
    series: [{}, ...[2, 1, 0].map(seriesOf)],
    cursor: { y: false, drag: { setScale: false, x: false }, points: { show: false } },
    hooks: { setCursor: [plot => setText(readout, said(plot.cursor.idx))] },
  }))

  function named(plot) {
    const rems = plot.width / rem()
    return bars.map((_, index) => index).filter(index => isNamed(index, bars, rems))
  }
  function said(index) {
    const bar = bars[index]
    if (bar === undefined) return ''
    return `${bar.name}: ${activities.map(({ name, names }, kind) => amount(BigInt(bar.counts[kind] ?? 0), name, names)).join(', ')}`
  }
  function fillTable() {
    if (!table.open) return
    const shown = bars.filter(({ counts }) => sumOf(counts) > 0n).reverse()
    rows.replaceChildren(
      ...shown.map(({ name, counts }) =>
        element(
          'tr',
          {},
          element('th', { scope: 'row' }, name),
          ...counts.map(each => element('td', {}, count(String(each)))),
        ),
      ),
    )
  }

  return {
    show(next) {
      bars = next
      const sums = activities.map((_, kind) => sumOf(bars.map(({ counts }) => counts[kind] ?? 0)))
      for (const [kind, { sum }] of legend.entries()) setText(sum, count(sums[kind]))
      canvas.setAttribute(
        'aria-label',
        `${title}: ${activities.map(({ name, names }, kind) => amount(sums[kind] ?? 0n, name, names)).join(', ')}.`,
      )
      // The highest first: each series is drawn over the one before, from 0 up.
      const upTo = kind => bars.map(({ counts }) => Number(sumOf(counts.slice(0, kind + 1))))
      drawn.draw([bars.map((_, index) => index), upTo(2), upTo(1), upTo(0)])
      fillTable()
    },
    close: drawn.close,
  }
}

/** A line of the paper's colour parts the kinds, where colours alone might not. */
function seriesOf(kind) {
  const { color } = activities[kind] ?? activities[0]
  return {
    fill: () => colour(color),
    stroke: () => colour('--paper'),
    width: 1,
    paths: barPaths({ size: [0.86, 44] }),
    points: { show: false },
  }
}

function tableOf(title, unit, rows) {
  const head = [unit, ...activities.map(({ names }) => names)].map(name => element('th', { scope: 'col' }, name))
  return element(
    'div',
    { class: 'scrolls' },
    element(
      'table',
      {},
      element('caption', { class: 'unseen' }, title),
      element('thead', {}, element('tr', {}, ...head)),
      rows,
    ),
  )
}
