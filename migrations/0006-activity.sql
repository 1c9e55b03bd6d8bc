-- What happens when, for people who look: sums of counted events over time. They are written by the settle that counts
-- them, so that in every committed snapshot all views, clicks and purchases of both tables together are the sum of
-- in_activity over all ledger rows. Rows belong to a partition, whatever its lineage: no two consumers wait for another.

alter table partition_ledger
  -- How many of those counted stand in activity_minutes and activity_days: not what was counted before there were such,
  -- nor by a version that does not know them.
  add column in_activity bigint not null default 0,
  -- When the latest batch was settled, by PostgreSQL's clock, and how long its first record had waited for that since it
  -- was appended; null where that is not known.
  add column settled_at timestamptz,
  add column waited_ms bigint check (waited_ms >= 0),
  add constraint in_activity_was_counted check (in_activity between 0 and counted);

-- Counted events by the minute at which the partition's clock stood: a minute that is over never opens again. Before any
-- append time is known that is the last minute of 1969. What lies more than three hours behind the clock moves on to
create table activity_minutes (
  partition integer not null,
  minute timestamptz not null,
  view_count bigint not null,
  click_count bigint not null,
  purchase_count bigint not null,
  primary key (partition, minute)
) with (fillfactor = 50);

-- the UTC day of that minute, and what lies more than 40 days behind it to the day '-infinity'.
create table activity_days (
  partition integer not null,
  date date not null,
  view_count bigint not null,
  click_count bigint not null,
  purchase_count bigint not null,
  primary key (partition, date)
) with (fillfactor = 50);

-- Whom most of what a consumer has just settled was about, as it estimates. Carries no proof.
create table busiest (
  owner text not null,
  kind text not null check (kind in ('user', 'item')),
  id uuid not null,
  per_minute real not null,
  seen_at timestamptz not null default now(),
  primary key (owner, kind, id)
) with (fillfactor = 50);
