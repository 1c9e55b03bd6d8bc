/** Who and what is busiest, by what consumers estimate and report every two seconds: see docs/architecture.md. */
import type pg from 'pg'

const placesMax = 10
/** What a consumer reported longer ago is no news of now. */
const reportedSecondsMax = 10

type Place = readonly [id: string, perMinute: number]

export interface Busiest {
  readonly users: readonly Place[]
  readonly items: readonly Place[]
}

/** Each consumer estimates its own share of a user or an item, so that shares add up. @throws what faultKind sorts. */
export async function lookAtBusiest(pool: pg.Pool): Promise<Busiest> {
  const { rows } = await pool.query<[kind: 'user' | 'item', id: string, perMinute: number]>({
    name: 'live-busiest',
    text: `select kind, id, per_minute
             from (select kind, id, sum(per_minute) as per_minute,
                          row_number() over (partition by kind order by sum(per_minute) desc, id) as place
                     from busiest where seen_at > now() - make_interval(secs => $1) group by kind, id) as ranked
            where place <= $2 order by kind, place`,
    values: [reportedSecondsMax, placesMax],
    rowMode: 'array',
  })
  const places = (wanted: 'user' | 'item') =>
    rows.flatMap(([kind, id, perMinute]): Place[] => (kind === wanted ? [[id, Math.round(perMinute * 10) / 10]] : []))
  return { users: places('user'), items: places('item') }
}
