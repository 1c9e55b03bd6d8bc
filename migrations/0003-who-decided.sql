-- Who put rules in force; recorded_at says when.
alter table rules
  add column operating_user text,
  add column database_user text;

-- Where counting begins, if somebody has said so before the first count: in which words, who and when.
alter table installation
  add column start_at text,
  add column start_operating_user text,
  add column start_database_user text,
  add column start_said_at timestamptz;
