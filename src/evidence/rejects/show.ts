/** One reject with everything that is known of it: its bytes, why it is bad, and what became of it. */
import { isUtf8 } from 'node:buffer'
import type { Client } from 'pg'
import { originHeader, originText } from '../../event/origin.ts'
import { headersOf } from '../../kafka/headers.ts'
import type { Config } from '../../runtime/config.ts'
import { isoOf } from '../iso.ts'
import type { At } from './candidates.ts'
import { placeOf, type Span } from './json-place.ts'
import { withRejects } from './reject-tables.ts'
import { currentOf, readLedger, rejectColumns, type State, type StoredReject } from './stored.ts'

/** Bytes for programs: as they are in base64, and as text where they are UTF-8. */
export interface Bytes {
  readonly base64: string
  readonly text: string | null
}

export interface ShownReject {
  readonly position: string
  readonly topic_id: string
  readonly lineage: number
  readonly state: State
  readonly reason: string
  readonly pointer: string
  readonly detail: string
  readonly appended: string | null
  readonly rejected: string
  readonly key: Bytes | null
  readonly value: Bytes
  /** null: they cannot be read. */
  readonly headers: readonly (readonly [name: string, value: Bytes | null])[] | null
  readonly repaired_by: { readonly position: string; readonly lineage: number; readonly fate: string } | null
  /** Of an attempt: the reject that it was sent for. */
  readonly origin: { readonly position: string; readonly lineage: number } | null
  /** label null: it was discarded, and that was taken back. */
  readonly label: {
    readonly label: string | null
    readonly note: string | null
    readonly by: string
    readonly at: string
  } | null
}

export interface ShowReport extends ShownReject {
  /** Where its text is bad; null: it is no text, or is bad nowhere that could be marked. */
  readonly place: Span | null
  /** Repairs of it that were bad themselves. */
  readonly attempts: readonly {
    readonly position: string
    readonly lineage: number
    readonly reason: string
    readonly pointer: string
  }[]
  /** The header that makes a record of the same partition a repair of this one; null: it is none that can be repaired. */
  readonly repair_header: { readonly name: string; readonly value: string } | null
}

/** @param lineage undefined: the current one. @returns undefined where there is no such reject. */
export function showReject(config: Config, at: At, lineage: number | undefined): Promise<ShowReport | undefined> {
  return withRejects(config, async client => {
    const ledger = (await readLedger(client)).filter(row => row.partition === at.partition)
    const of =
      lineage === undefined
        ? (currentOf(ledger, at.partition) ?? ledger.at(-1))
        : ledger.find(row => row.lineage === lineage)
    if (of === undefined) return undefined
    const { rows } = await client.query<StoredReject>(
      `select ${rejectColumns} from rejects where topic_id = $1 and partition = $2 and lineage = $3 and "offset" = $4`,
      [of.topicId, at.partition, of.lineage, at.offset],
    )
    const reject = rows[0]
    if (reject === undefined) return undefined
    const isOrigin = reject.state !== 'attempt'
    const told = shown(reject)
    return {
      ...told,
      place: placeIn(told),
      attempts: isOrigin ? await attemptsAt(client, reject) : [],
      repair_header: isOrigin ? { name: originHeader, value: originText(reject) } : null,
    }
  })
}

/** @returns where the text of a reject is bad. Of an unknown origin it may be as good as any. */
export function placeIn({ value, reason, pointer }: ShownReject): Span | null {
  if (value.text === null || reason === 'unknown_origin') return null
  return placeOf(value.text, pointer) ?? null
}

/** Later ones only, and in its own partition: nothing else can be one. */
async function attemptsAt(client: Client, reject: StoredReject): Promise<ShowReport['attempts']> {
  const { rows } = await client.query<Pick<StoredReject, 'partition' | 'offset' | 'lineage' | 'reason' | 'pointer'>>(
    `select partition, lineage, "offset"::float8 as "offset", reason, pointer from rejects
      where partition = $1 and origin_topic_id = $2 and origin_lineage = $3 and origin_offset = $4
      order by lineage, "offset" limit 100`,
    [reject.partition, reject.topicId, reject.lineage, reject.offset],
  )
  return rows.map(({ partition, offset, ...attempt }) => ({ position: `${partition}:${offset}`, ...attempt }))
}

/** A reject for programs. */
export function shown(reject: StoredReject): ShownReject {
  const { partition, offset, lineage, topicId, key, value, headers } = reject
  const { repairedOffset, repairedLineage, repairedAs, originOffset, originLineage, labelledBy, labelledMs } = reject
  const position = (offset: number) => `${partition}:${offset}`
  return {
    position: position(offset),
    topic_id: topicId,
    lineage,
    state: reject.state,
    reason: reject.reason,
    pointer: reject.pointer,
    detail: reject.detail,
    appended: isoOf(reject.appendMs),
    rejected: isoOf(reject.rejectedMs)!,
    key: key && bytesOf(key),
    value: bytesOf(value),
    headers: headersOf(headers)?.map(([name, value]) => [name, value && bytesOf(value)] as const) ?? null,
    repaired_by:
      repairedOffset === null
        ? null
        : { position: position(repairedOffset), lineage: repairedLineage!, fate: repairedAs! },
    origin: originOffset === null ? null : { position: position(originOffset), lineage: originLineage! },
    label:
      labelledMs === null
        ? null
        : { label: reject.label, note: reject.labelNote, by: labelledBy!, at: isoOf(labelledMs)! },
  }
}

const bytesOf = (bytes: Buffer): Bytes => ({
  base64: bytes.toString('base64'),
  text: isUtf8(bytes) ? bytes.toString('utf8') : null,
})
