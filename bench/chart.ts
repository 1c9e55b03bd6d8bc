/** Bars as an SVG, readable on a light page and on a dark one. */

export interface Bar {
  readonly label: string
  readonly value: number
  /** Stands behind the bar. */
  readonly text: string
}

export interface Group {
  readonly label: string
  readonly bars: readonly Bar[]
}

export interface Chart {
  readonly title: string
  /** Below the title: what is good, and what the scale is. */
  readonly note: string
  readonly groups: readonly Group[]
  /** For values that differ a thousandfold. */
  readonly isLogarithmic?: boolean
}

const width = 760
const labelWidth = 170
const textWidth = 150
const barHeight = 16
const rowHeight = 21
const groupGap = 30
const top = 58
const ours = 'footfall'

export function svgOf({ title, note, groups, isLogarithmic = false }: Chart): string {
  const values = groups.flatMap(({ bars }) => bars.map(({ value }) => value)).filter(value => value > 0)
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const room = width - labelWidth - textWidth
  // The shortest bar of a logarithmic scale is a tenth of the least value's decade: no bar vanishes.
  const from = Math.log(least / 2)
  const lengthOf = (value: number) =>
    value > 0 ? room * (isLogarithmic ? (Math.log(value) - from) / (Math.log(most) - from) : value / most) : 0
  const parts: string[] = []
  let y = top
  for (const { label, bars } of groups) {
    parts.push(`<text class="group" x="0" y="${y + 12}">${escaped(label)}</text>`)
    y += rowHeight
    for (const bar of bars) {
      const length = Math.max(1, lengthOf(bar.value)).toFixed(1)
      const kind = bar.label.startsWith(ours) ? 'ours' : 'theirs'
      parts.push(
        `<text class="label" x="${labelWidth - 8}" y="${y + 12}">${escaped(bar.label)}</text>`,
        `<rect class="${kind}" x="${labelWidth}" y="${y}" width="${length}" height="${barHeight}" rx="2"/>`,
        `<text x="${labelWidth + Number(length) + 6}" y="${y + 12}">${escaped(bar.text)}</text>`,
      )
      y += rowHeight
    }
    y += groupGap - rowHeight
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" role="img" aria-label="${escaped(title)}">
<style>
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 16px; font-weight: 600 }
.note { fill: #57606a }
.group { font-weight: 600 }
.label { text-anchor: end }
.ours { fill: #0f7b5f }
.theirs { fill: #9aa4af }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .note { fill: #9198a1 } .ours { fill: #3fb68b } .theirs { fill: #6e7681 } }
</style>
<text class="title" x="0" y="18">${escaped(title)}</text>
<text class="note" x="0" y="38">${escaped(note)}</text>
${parts.join('\n')}
</svg>
`
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
