-- How far a partition was proven to be what its log says: recorded by a `verify` that found no difference, so that a
-- later one can go on from there when retention has deleted what lies before. One for each lineage, the latest.
create table checkpoints (
  topic_id uuid not null,
  partition integer not null,
  lineage integer not null,
  next_offset bigint not null,
  counted bigint not null,
  duplicate bigint not null,
  rejected bigint not null,
  skipped bigint not null,
  lost bigint not null,
  clock_ms bigint not null,
  -- The sum of a keyed hash over all rejects before next_offset, modulo 2^128.
  rejects_digest bytea not null check (length(rejects_digest) = 16),
  recorded_at timestamptz not null default now(),
  primary key (topic_id, partition, lineage)
);

-- The same sum over all counted events of a day.
create table checkpoint_days (
  topic_id uuid not null,
  partition integer not null,
  lineage integer not null,
  date date not null,
  digest bytea not null check (length(digest) = 16),
  primary key (topic_id, partition, lineage, date),
  foreign key (topic_id, partition, lineage) references checkpoints on delete cascade
);

-- The window at next_offset, in the form of event_ids.
create table checkpoint_ids (
  topic_id uuid not null,
  partition integer not null,
  lineage integer not null,
  segment bigint not null,
  first_ms bigint not null,
  newest_ms bigint not null,
  ids bytea not null check (length(ids) > 0 and length(ids) % 16 = 0),
  primary key (topic_id, partition, lineage, segment),
  foreign key (topic_id, partition, lineage) references checkpoints on delete cascade
);
alter table checkpoint_ids alter column ids set storage external; -- hashes do not compress
