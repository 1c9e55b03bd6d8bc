-- Repairs. A repaired record is a new record in the origin's partition, and says in a header which reject it stands for.
alter table rejects
  -- The record that stands for this one now, in the same partition, and what became of it: written in the transaction
  -- that settles it, and never changed.
  add column repaired_topic_id uuid,
  add column repaired_lineage integer,
  add column repaired_offset bigint,
  add column repaired_as text check (repaired_as in ('counted', 'duplicate')),
  -- Of a repair that was itself bad: the reject it was sent for. Such a row is an attempt, and no origin of a repair.
  add column origin_topic_id uuid,
  add column origin_lineage integer,
  add column origin_offset bigint,
  -- What people say of it; changes no fate.
  add column label_note text,
  add column labelled_by text,
  add column labelled_at timestamptz,
  add constraint repaired_whole
    check (num_nulls(repaired_topic_id, repaired_lineage, repaired_offset, repaired_as) in (0, 4)),
  add constraint origin_whole check (num_nulls(origin_topic_id, origin_lineage, origin_offset) in (0, 3)),
  add constraint label_known check (label = 'discarded');
