-- What each role may do, table by table. Run this as footfall_owner after ./footfall setup: the first time, and after
-- every upgrade. A table that is new is closed until then. Safe while everything runs: it takes effect as a whole.
begin;

revoke all on all tables in schema public from footfall_consumer, footfall_api, footfall_reader,
  footfall_verifier;

-- Both look whether the tables are those of their version.
grant select on schema_migrations to footfall_consumer, footfall_api;

-- The answer: the consumer adds to it, the API and people read it.
grant select, insert, update on daily_user_item_summary to footfall_consumer;
grant select on daily_user_item_summary to footfall_api, footfall_reader;

-- Recorded at the first count. In installation lies the secret of the event ids.
grant select, insert on installation, rules to footfall_consumer;

-- The books: rows are added and moved on, none leaves. The API says from them how fresh an answer is.
grant select, insert, update on partition_ledger, partition_rules, partition_watch to footfall_consumer;
grant select on partition_ledger, partition_watch to footfall_api;

-- What happens when: minutes move on to days, and who is not busy any more leaves.
grant select, insert, update, delete on activity_minutes, activity_days, busiest to footfall_consumer;
grant select on activity_minutes, activity_days, busiest to footfall_api;

-- Ids leave when the window has passed.
grant select, insert, delete on event_ids to footfall_consumer;

-- Bad records are kept; what a repair stands for is read and marked.
grant select, insert, update on rejects to footfall_consumer;

-- Proofs read everything, the secret of the ids too, and write nothing but how far they came.
grant select on schema_migrations, daily_user_item_summary, installation, rules, partition_ledger, partition_rules,
  partition_decisions, event_ids, rejects to footfall_verifier;
grant select, insert, update, delete on checkpoints to footfall_verifier;
grant select, insert, delete on checkpoint_days, checkpoint_ids to footfall_verifier;

-- The API's trace and explain: under which rules, what was declared lost, whether an id is remembered, why a record is bad.
grant select on installation, rules, partition_rules, partition_decisions, event_ids, rejects to footfall_api;

-- What people decided is written by the owner alone, and rejects by the consumer (labels by the owner).

commit;
