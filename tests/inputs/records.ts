/**
 * The catalogue of bad inputs, records and batches (K): keys, headers, times, codecs and ids that come again. One case
 * is one record batch; `fates` says what must become of each of its records.
 */
import { type Codec, codecs, type LogRecord } from '../support/encode-log.ts'
import { uuidOf } from '../support/events.ts'

export interface RecordsCase {
  readonly name: string
  readonly codec: Codec
  readonly records: readonly LogRecord[]
  /** `counted`, `duplicate`, `skipped`, or `REASON POINTER`. */
  readonly fates: readonly string[]
  /** What the counted ones count into. */
  readonly item_id: string
}

type Change = Partial<LogRecord> & { readonly event?: object }

/** @param atMs the sender's time, where a case does not say another. */
export function recordsCases(atMs: number): RecordsCase[] {
  return lines.map(([name, changes, fates, codec = 'none']) => {
    const item_id = uuidOf(name)
    const user_id = uuidOf('user of bad inputs')
    const good = { user_id, item_id, activity_type: 'view', timestamp: new Date(atMs - 1_000).toISOString() }
    const records = changes(atMs).map(({ event = {}, ...change }) => ({
      key: Buffer.from(user_id),
      value: Buffer.from(JSON.stringify({ ...good, ...event })),
      headers: [],
      timestampMs: atMs,
      ...change,
    }))
    return { name, codec, records, fates, item_id }
  })
}

const year2096 = 4_000_000_000_000
const year = (date: string) => ({ timestamp: `${date}T00:00:00Z` })
const text = (value: string) => Buffer.from(value)
const header = (name: string, value: string | null): Change => ({
  headers: [[name, value === null ? null : text(value)]],
})
const times = (count: number, change: Change) => Array.from({ length: count }, () => change)

const lines: readonly (readonly [name: string, (atMs: number) => Change[], readonly string[], Codec?])[] = [
  ['K1 a tombstone with a key', () => [{ value: null }], ['skipped']],
  ['K1 a tombstone without one', () => [{ key: null, value: null }], ['skipped']],
  [
    'K45 no time of the sender switches the limits of age off (contract: it stands in for the broker’s)',
    () => [
      { timestampMs: -1, event: year('0001-01-01') },
      { timestampMs: -1, event: year('9999-12-31') },
    ],
    ['counted', 'counted'],
  ],
  [
    'K45 a sender far ahead makes an event of today old (contract: his time stands in)',
    () => [{ timestampMs: year2096 }],
    ['too_old /timestamp'],
  ],
  ['K46 an unknown version in a header (contract: headers say nothing)', () => [header('version', '99')], ['counted']],
  [
    'K46 a version twice',
    () => [
      {
        headers: [
          ['version', text('1')],
          ['version', text('2')],
        ],
      },
    ],
    ['counted'],
  ],
  ['K47 a header of a megabyte (contract: headers say nothing)', () => [header('x', 'x'.repeat(1e6))], ['counted']],
  ['K47 a header without a name', () => [header('', 'x')], ['counted']],
  ['K47 a header without a value', () => [header('x', null)], ['counted']],
  [
    'K47 a thousand headers of a bad record',
    () => [{ headers: Array.from({ length: 1_000 }, (_, n) => [`h${n}`, text('v')] as const), value: text('') }],
    ['empty '],
  ],
  ['K48 no key', () => [{ key: null }], ['counted']],
  ['K48 the key of another user', () => [{ key: text(uuidOf('somebody else')) }], ['counted']],
  ['K48 an empty key', () => [{ key: text('') }], ['counted']],
  [
    'K48 a key that is no UTF-8, of a bad record',
    () => [{ key: Buffer.from([0xff, 0]), value: text('x') }],
    ['not_json '],
  ],
  [
    'K56 one id three times in a batch',
    () => times(3, { event: { event_id: 'thrice' } }),
    ['counted', 'duplicate', 'duplicate'],
  ],
  [
    'K57 one id for two events: the first counts',
    () => [{ event: { event_id: 'reused' } }, { event: { event_id: 'reused', activity_type: 'purchase' } }],
    ['counted', 'duplicate'],
  ],
  [
    'K59 an id that comes again when its event is too old (contract: a bad record claims no id)',
    atMs => [
      { event: { event_id: 'late' } },
      { event: { event_id: 'late', timestamp: new Date(atMs - 401 * 86_400_000).toISOString() } },
      { event: { event_id: 'late' } },
    ],
    ['counted', 'too_old /timestamp', 'duplicate'],
  ],
  ...codecs.map(
    codec =>
      [
        `K53 a hundred of a thousand to one, good, bad and null, by ${codec}`,
        () => [
          ...times(98, { event: { x: 'x'.repeat(10_000) } }),
          { value: text('y'.repeat(10_000)) },
          { value: null },
        ],
        [...Array<string>(98).fill('counted'), 'not_json ', 'skipped'],
        codec,
      ] as const,
  ),
]
