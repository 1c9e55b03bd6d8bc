/**
 * What happens when, kept by the settle that counts it: sums by minute of a partition's clock, and by day for what lies
 * further back, so that they stay few. Only the partition's own rows are touched, and only behind the lock of its ledger
 * row: no settle waits for another here.
 */
import type { Client } from 'pg'
import type { Batch } from './batch.ts'
import { minuteAt } from './minutes.ts'

/** What lies further behind the clock is told by days, and then in one sum. */
const minutesKept = 180
const daysKept = 40

/** Comes last before COMMIT, so that what it says of the time is what people waited for. */
export async function keepActivity(client: Client, batches: readonly Batch[]): Promise<void> {
  await addMinutes(client, batches)
  const entering = batches.filter(({ entersMinute }) => entersMinute)
  if (entering.length > 0) await moveOn(client, entering)
}

async function addMinutes(client: Client, batches: readonly Batch[]): Promise<void> {
  const minutes = batches.flatMap(({ of, minutes }) => minutes.map(minute => ({ ...minute, partition: of.partition })))
  const { rows } = await client.query<{ minutes: number }>({
    name: 'keep-activity', // planned once: that took as long as the rest of it
    text: `with added as (
       insert into activity_minutes as a (partition, minute, view_count, click_count, purchase_count)
       select partition, to_timestamp(start_ms / 1000), views, clicks, purchases
         from unnest($6::int[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])
           as m(partition, start_ms, views, clicks, purchases)
        order by 1, 2
           on conflict (partition, minute) do update
          set view_count = a.view_count + excluded.view_count,
              click_count = a.click_count + excluded.click_count,
              purchase_count = a.purchase_count + excluded.purchase_count
       returning 1)
     update partition_ledger as l
        set in_activity = l.in_activity + b.counted, settled_at = clock_timestamp(),
            waited_ms = case when b.appended_ms >= 0 then
              greatest(0, extract(epoch from clock_timestamp()) * 1000 - b.appended_ms) end
       from unnest($1::uuid[], $2::int[], $3::int[], $4::bigint[], $5::bigint[])
         as b(topic_id, partition, lineage, counted, appended_ms)
      where l.topic_id = b.topic_id and l.partition = b.partition and l.lineage = b.lineage
     returning (select count(*) from added)::int as minutes`,
    values: [
      batches.map(({ of }) => of.topicId),
      batches.map(({ of }) => of.partition),
      batches.map(({ of }) => of.lineage),
      batches.map(({ counted }) => counted),
      batches.map(({ firstAppendMs }) => firstAppendMs),
      minutes.map(({ partition }) => partition),
      minutes.map(({ startMs }) => startMs),
      minutes.map(({ views }) => views),
      minutes.map(({ clicks }) => clicks),
      minutes.map(({ purchases }) => purchases),
    ],
  })
  if (rows.length !== batches.length || rows[0]!.minutes !== minutes.length) {
    throw new Error(
      `kept ${rows[0]?.minutes} of ${minutes.length} minutes of ${rows.length} of ${batches.length} batches`,
    )
  }
}

/**
 * How far is measured from the minute of the clock, not from the clock: it matters only that the minute is another one,
 * and not by which record the settle ended.
 */
async function moveOn(client: Client, batches: readonly Batch[]): Promise<void> {
  await client.query(
    `with past as (
       select partition, to_timestamp(start_ms / 1000) - make_interval(mins => $3) as minute,
              (to_timestamp(start_ms / 1000) at time zone 'UTC')::date - $4::int as date
         from unnest($1::int[], $2::bigint[]) as b(partition, start_ms)),
     minutes as (
       delete from activity_minutes as a using past
        where a.partition = past.partition and a.minute < past.minute returning a.*),
     days as (
       delete from activity_days as a using past
        where a.partition = past.partition and a.date < past.date and isfinite(a.date) returning a.*),
     moving as (
       select partition, (minute at time zone 'UTC')::date as date, view_count, click_count, purchase_count from minutes
        union all
       select partition, date, view_count, click_count, purchase_count from days)
     insert into activity_days as a (partition, date, view_count, click_count, purchase_count)
     select partition, case when moving.date < past.date then '-infinity' else moving.date end,
            sum(view_count), sum(click_count), sum(purchase_count)
       from moving join past using (partition)
      group by 1, 2 order by 1, 2
         on conflict (partition, date) do update
        set view_count = a.view_count + excluded.view_count,
            click_count = a.click_count + excluded.click_count,
            purchase_count = a.purchase_count + excluded.purchase_count`,
    [batches.map(({ of }) => of.partition), batches.map(({ clockMs }) => minuteAt(clockMs)), minutesKept, daysKept],
  )
}
