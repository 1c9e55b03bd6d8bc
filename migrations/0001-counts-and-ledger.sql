-- The answer. Public: people query this table with SQL. Room is left on each page so that an update of a hot row
-- stays on its page and touches no index.
create table daily_user_item_summary (
  user_id uuid not null,
  date date not null,
  item_id uuid not null,
  view_count bigint not null,
  click_count bigint not null,
  purchase_count bigint not null,
  primary key (user_id, date, item_id)
) with (fillfactor = 70);

comment on table daily_user_item_summary is 'Exact counts per user, UTC day and item. Written by footfall consumer only.';

-- What this database belongs to, and the secret that event ids are hashed with.
create table installation (
  single boolean primary key default true check (single),
  topic text not null,
  id_key bytea not null check (length(id_key) = 16),
  created_at timestamptz not null default now()
);

-- What a fate depends on besides the log.
create table rules (
  version integer primary key generated always as identity,
  judge_version integer not null,
  max_age_days integer not null,
  max_ahead_minutes integer not null,
  window_hours integer not null,
  window_ids_max integer not null,
  recorded_at timestamptz not null default now()
);

-- One row per partition and lineage. The CHECK is the promise: every record up to next_offset has exactly one fate, or
-- was declared lost, in every committed snapshot.
create table partition_ledger (
  topic_id uuid not null,
  partition integer not null,
  lineage integer not null,
  start_offset bigint not null,
  next_offset bigint not null,
  counted bigint not null default 0,
  duplicate bigint not null default 0,
  rejected bigint not null default 0,
  skipped bigint not null default 0,
  lost bigint not null default 0,
  clock_ms bigint not null default -1,
  rules_version integer not null references rules,
  -- Leader epoch and CRC of the record batch that holds next_offset - 1: how we know the log again.
  tail_epoch integer,
  tail_crc bigint,
  state text not null default 'open' check (state in ('open', 'halted', 'closed')),
  halt_reason text,
  halt_from bigint,
  halt_to bigint,
  halt_detail text,
  halted_at timestamptz,
  primary key (topic_id, partition, lineage),
  constraint ledger_balances check (next_offset - start_offset = counted + duplicate + rejected + skipped + lost),
  constraint halt_has_reason check ((state = 'halted') = (halt_reason is not null) or state = 'closed')
) with (fillfactor = 50);

-- A partition has one current lineage, whatever the topic's id.
create unique index partition_ledger_current on partition_ledger (partition) where state <> 'closed';

-- From which offset on which rules judge.
create table partition_rules (
  topic_id uuid not null,
  partition integer not null,
  lineage integer not null,
  from_offset bigint not null,
  rules_version integer not null references rules,
  primary key (topic_id, partition, lineage, from_offset)
);

-- The ids a partition remembers, 16 bytes each, many to a row: a row per commit costs far less than an index entry per
-- id. A segment is named by the offset of its first id; its rows are merged into one when it closes.
create table event_ids (
  topic_id uuid not null,
  partition integer not null,
  lineage integer not null,
  segment bigint not null,
  first_offset bigint not null,
  first_ms bigint not null,
  newest_ms bigint not null,
  ids bytea not null check (length(ids) > 0 and length(ids) % 16 = 0),
  primary key (topic_id, partition, lineage, segment, first_offset)
);
alter table event_ids alter column ids set storage external; -- hashes do not compress

-- Every record that was not counted because it was bad, byte for byte.
create table rejects (
  topic_id uuid not null,
  partition integer not null,
  lineage integer not null,
  "offset" bigint not null,
  reason text not null,
  pointer text not null,
  detail text not null,
  key bytea,
  value bytea not null,
  -- As they stand in the record: a count, then names and values with their lengths, in Kafka's varints.
  headers bytea not null,
  append_ms bigint not null,
  label text,
  rejected_at timestamptz not null default now(),
  primary key (topic_id, partition, lineage, "offset")
);

-- What carries no proof: who reads a partition, and how far the log goes. Outside the compare-and-set.
create table partition_watch (
  partition integer primary key,
  owner text not null,
  log_start bigint not null,
  log_end bigint not null,
  seen_at timestamptz not null default now()
);
