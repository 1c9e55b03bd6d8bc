/** What consumers say of whom they are busy with, for those who look. */
import type { Client } from 'pg'
import type { Busy } from './busiest.ts'

/**
 * Puts the list of this owner in the place of the one before, and deletes what owners have left that have not been seen
 * for a minute. Rows that somebody else deletes at this moment are left to that one, so that nobody waits.
 */
export async function noteBusiest(client: Client, owner: string, busiest: readonly Busy[]): Promise<void> {
  await client.query(
    `with told as (select * from unnest($2::text[], $3::uuid[], $4::real[]) as t(kind, id, per_minute)),
     stale as (
       select owner, kind, id from busiest
        where owner = $1 and (kind, id) not in (select kind, id from told)
           or owner <> $1 and seen_at < now() - interval '1 minute'
          for update skip locked),
     gone as (
       delete from busiest as b using stale where (b.owner, b.kind, b.id) = (stale.owner, stale.kind, stale.id))
     insert into busiest as b (owner, kind, id, per_minute)
     select $1, kind, id, per_minute from told order by kind, id
         on conflict (owner, kind, id) do update set (per_minute, seen_at) = (excluded.per_minute, excluded.seen_at)`,
    [owner, busiest.map(({ kind }) => kind), busiest.map(({ id }) => id), busiest.map(({ perMinute }) => perMinute)],
  )
}
