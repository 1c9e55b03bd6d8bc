/**
 * How fresh an answer is: up to which positions it is true, as of when, and how far behind the log that is. Keeps G8:
 * the ledger is looked at before the counts are read, and counts only grow, so that an answer is at least as fresh as
 * it says. One look serves all who ask within a moment, and nobody looks while nobody asks.
 */
import type pg from 'pg'

/** How old a look may be: a read in a busy process costs no second statement. */
const lookMsMax = 25

/** From this age on the next look is under way while the latest still serves, so that a busy process never waits for one. */
const lookAgainMs = 12

/** A header of more positions would be more than most clients take. */
const partitionsMax = 256

export interface Standing {
  readonly nextOffset: number
  /** Why it stands still until a person decides. */
  readonly halt: string | null
}

export interface Look {
  /** By partition. */
  readonly standings: ReadonlyMap<number, Standing>
  /** What cannot be told is left out. */
  readonly headers: Readonly<Record<string, string>>
}

/** A look of the last moment. @throws what faultKind sorts. */
export type Freshness = () => Promise<Look>

export function createFreshness(pool: pg.Pool): Freshness {
  let latest: Promise<Look> | undefined
  let doneMs = Number.NEGATIVE_INFINITY
  let underWay: Promise<Look> | undefined
  const look = () => {
    if (underWay !== undefined) return underWay
    const look = readLook(pool)
    underWay = look
    look.then(
      () => {
        latest = look
        doneMs = performance.now()
        underWay = undefined
      },
      () => {
        underWay = undefined // whoever comes after a failure tries for himself
      },
    )
    return look
  }
  return () => {
    const ageMs = performance.now() - doneMs
    if (latest === undefined || ageMs >= lookMsMax) return look()
    if (ageMs >= lookAgainMs) void look()
    return latest
  }
}

interface Row {
  readonly partition: number
  readonly nextOffset: string
  readonly halt: string | null
  readonly logEnd: string | null
  readonly asOf: Date | null
}

/**
 * A partition is true as of the moment at which its consumer asked for the log's end, once it has counted up to that,
 * and else as of the append time of the latest record that it has counted.
 */
async function readLook(pool: pg.Pool): Promise<Look> {
  const { rows } = await pool.query<Row>({
    name: 'ledger-standings',
    text: `select partition, next_offset as "nextOffset", halt_reason as halt, log_end as "logEnd",
                  case when log_end <= next_offset then seen_at
                       when clock_ms >= 0 then to_timestamp(clock_ms / 1000.0) end as "asOf"
             from partition_ledger left join partition_watch using (partition)
            where state <> 'closed' order by partition`,
  })
  const standings = rows.map(
    ({ partition, nextOffset, halt }) => [partition, { nextOffset: Number(nextOffset), halt }] as const,
  )
  return { standings: new Map(standings), headers: headersOf(rows) }
}

/** The oldest partition decides; what is not known of one is not known of all. */
function headersOf(rows: readonly Row[]): Record<string, string> {
  if (rows.length === 0) return {}
  const positions = rows.map(({ partition, nextOffset }) => `p${partition}=${nextOffset}`).join(', ')
  const lag = rows.reduce((sum, { logEnd, nextOffset }) => sum + Math.max(0, Number(logEnd) - Number(nextOffset)), 0)
  const asOf = Math.min(...rows.map(({ asOf }) => asOf?.getTime() ?? Number.NaN))
  return {
    ...(rows.length <= partitionsMax && { 'footfall-positions': positions }),
    ...(rows.every(({ logEnd }) => logEnd !== null) && { 'footfall-lag': String(lag) }),
    ...(!Number.isNaN(asOf) && { 'footfall-as-of': new Date(asOf).toISOString() }),
  }
}
