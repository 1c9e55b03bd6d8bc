/** What was counted, by minute of the last hour and by day of the last month, of append time. */
import type pg from 'pg'

/** Counts as digits. */
type Line = readonly [at: string, views: string, clicks: string, purchases: string]

/** Oldest first; a minute or a day without events is left out. */
export interface Activity {
  readonly minutes: readonly Line[]
  readonly days: readonly Line[]
}

/** The days also have what still lies in minutes. @throws what faultKind sorts. */
export async function lookAtActivity(pool: pg.Pool): Promise<Activity> {
  const { rows } = await pool.query<[span: 'minute' | 'day', ...line: Line]>({
    name: 'live-activity',
    text: `select 'minute', to_char(minute at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"') as label,
                  sum(view_count)::text, sum(click_count)::text, sum(purchase_count)::text
             from activity_minutes
            where minute > date_trunc('minute', now()) - interval '60 minutes' and minute <= now()
            group by label
            union all
           select 'day', date::text, sum(view_count)::text, sum(click_count)::text, sum(purchase_count)::text
             from (select date, view_count, click_count, purchase_count from activity_days
                    union all
                   select (minute at time zone 'UTC')::date, view_count, click_count, purchase_count
                     from activity_minutes) as parts
            where date > (now() at time zone 'UTC')::date - 31 and date <= (now() at time zone 'UTC')::date
            group by date
            order by 2`,
    rowMode: 'array',
  })
  const lines = (wanted: 'minute' | 'day') => rows.flatMap(([span, ...line]) => (span === wanted ? [line] : []))
  return { minutes: lines('minute'), days: lines('day') }
}

/** @returns what is new or different in `now`; undefined: nothing is. What has become too old is no change. */
export function changeOf(before: Activity, now: Activity): Activity | undefined {
  const changed = (before: readonly Line[], now: readonly Line[]) => {
    const known = new Set(before.map(String))
    return now.filter(line => !known.has(String(line)))
  }
  const change = { minutes: changed(before.minutes, now.minutes), days: changed(before.days, now.days) }
  return change.minutes.length + change.days.length === 0 ? undefined : change
}
