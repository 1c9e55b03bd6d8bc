-- What people decided about halted partitions: who, when, what, and which halt it ended. Written in the transaction that
-- changes the ledger, and never changed.
create table partition_decisions (
  id bigint primary key generated always as identity,
  decided_at timestamptz not null default now(),
  decision text not null check (decision in ('resume', 'accept-loss', 'new-lineage')),
  -- The ledger row that was halted, and where it stood.
  topic_id uuid not null,
  partition integer not null,
  lineage integer not null,
  from_offset bigint not null,
  -- The ledger row that goes on, and where: the same one, a new lineage, or none where the partition is gone.
  to_topic_id uuid,
  to_lineage integer,
  to_offset bigint,
  -- Records declared lost, in the row that goes on: the offsets before to_offset.
  lost bigint not null check (lost >= 0),
  halt_reason text not null,
  halt_from bigint not null,
  halt_to bigint not null,
  halt_detail text not null,
  halted_at timestamptz not null,
  operating_user text not null,
  database_user text not null default session_user,
  note text
);
create index partition_decisions_partition on partition_decisions (partition, id);
