/** One reject for people, with the place marked at which it is bad, and how to repair it by hand. */
import type { Config } from '../../runtime/config.ts'
import type { Span } from './json-place.ts'
import { brokenByte, cut, hexDump, legible, safeText } from './legible.ts'
import type { Bytes, ShowReport } from './show.ts'

const lineMax = 120
const linesAround = 5
const dumpBytesMax = 512
const headerMax = 200

export function showText(report: ShowReport, { kafka }: Pick<Config, 'kafka'>): string {
  const { position, lineage, state, reason, pointer, detail, appended, rejected, topic_id } = report
  return [
    `${position}${lineage === 1 ? '' : ` of lineage ${lineage}`}  ${state}`,
    row('reason', `${reason}${pointer === '' ? '' : ` at ${safeText(pointer)}`}: ${safeText(detail)}`),
    row('appended', appended ?? 'unknown'),
    row('rejected', rejected),
    row('topic id', topic_id),
    row('key', report.key === null ? 'none' : cut(legible(bytesOf(report.key)), lineMax)),
    ...headerRows(report),
    ...becameRows(report),
    `  value, ${bytesOf(report.value).length} bytes:`,
    ...valueLines(report).map(line => `    ${line}`),
    ...repairLines(report, kafka),
  ].join('\n')
}

const row = (name: string, value: string): string => `  ${name.padEnd(9)} ${value}`

const bytesOf = ({ base64 }: Bytes): Buffer => Buffer.from(base64, 'base64')

function headerRows({ headers }: ShowReport): string[] {
  if (headers === null) return [row('headers', 'cannot be read')]
  return headers.map(([name, value]) =>
    row('header', cut(`${safeText(name)}: ${value === null ? 'null' : legible(bytesOf(value))}`, headerMax)),
  )
}

function becameRows({ repaired_by, origin, attempts, label }: ShowReport): string[] {
  const at = ({ position, lineage }: { position: string; lineage: number }) =>
    `${position}${lineage === 1 ? '' : ` of lineage ${lineage}`}`
  const rows = attempts.map(attempt =>
    row('attempt', `${at(attempt)} was rejected, ${`${attempt.reason} ${safeText(attempt.pointer)}`.trim()}`),
  )
  if (origin !== null) rows.push(row('repairs', `${at(origin)}, but is bad itself: send another repair of that one`))
  if (repaired_by !== null) rows.push(row('repaired', `by ${at(repaired_by)}: ${repaired_by.fate}`))
  if (label !== null) {
    const note = label.note === null ? '' : `: ${safeText(label.note)}`
    rows.push(row(label.label ?? 'restored', `${label.at} by ${safeText(label.by)}${note}`))
  }
  return rows
}

function valueLines({ value, place }: ShowReport): string[] {
  const bytes = bytesOf(value)
  return value.text === null ? hexDump(bytes, dumpBytesMax, brokenByte(bytes)) : marked(value.text, place)
}

/** The lines around the place, each cut to the terminal's width, with the place underlined. */
function marked(text: string, span: Span | null): string[] {
  const lines = text.split('\n')
  let start = 0
  let at = 0
  while (span !== null && at < lines.length - 1 && start + lines[at]!.length < span.from)
    start += lines[at++]!.length + 1
  const from = Math.max(0, at - linesAround)
  const shown = lines.slice(from, at + linesAround + 1).map((line, i) => {
    if (span === null || from + i !== at) return [cut(safeText(line), lineMax)]
    return markedLine(line, span.from - start, span.to - start, at + 1)
  })
  const rest = lines.length - from - shown.length
  return [
    ...(from > 0 ? [`... ${from} lines before`] : []),
    ...shown.flat(),
    ...(rest > 0 ? [`... ${rest} lines more`] : []),
  ]
}

function markedLine(line: string, from: number, to: number, number: number): string[] {
  const begin = Math.max(0, from - lineMax / 2)
  const before = `${begin > 0 ? '…' : ''}${safeText(line.slice(begin, from))}`
  const bad = safeText(line.slice(from, Math.min(to, from + lineMax)))
  const after = cut(safeText(line.slice(to, to + lineMax)), Math.max(1, lineMax - before.length - bad.length))
  return [
    `${before}${bad}${after}`,
    `${' '.repeat(before.length)}${'^'.repeat(Math.max(1, bad.length))} line ${number}, column ${from + 1}`,
  ]
}

function repairLines({ repair_header, position, state, key, headers }: ShowReport, kafka: Config['kafka']): string[] {
  if (repair_header === null || state === 'repaired') return []
  const { name, value } = repair_header
  const [partition] = position.split(':')
  const isPlain = (bytes: Bytes) => bytes.text !== null && /^[ -~]*$/.test(bytes.text)
  const others = headers?.filter(([one]) => one !== name) ?? []
  const kept = others.flatMap(([one, of]) =>
    of !== null && isPlain(of) ? [` -H ${quoted(`${safeText(one)}=${of.text}`)}`] : [],
  )
  const to = `-b ${kafka.bootstrapServers.join(',')} -t ${kafka.topic} -p ${partition}`
  const lines = [
    '  to repair it: ./footfall rejects retry, or resend --patch FILE; or by hand, a record of the same partition with',
    `    ${name}: ${value}`,
    `    kcat -P ${to}${key !== null && isPlain(key) ? ` -k ${quoted(key.text!)}` : ''} -H ${quoted(`${name}=${value}`)}${kept.join('')} repaired.json`,
  ]
  if (key !== null && !isPlain(key)) lines.push(`    (its key is no plain text; base64: ${cut(key.base64, lineMax)})`)
  if (kept.length < others.length) lines.push('    (some of its headers are no plain text and are left out here)')
  return lines
}

/** For a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
