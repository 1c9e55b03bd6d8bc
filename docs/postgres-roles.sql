-- PostgreSQL roles for Footfall, one for each process. Run this in Footfall's database as an administrator, once; running
-- it again does no harm. The roles have no passwords yet: in psql, \password footfall_consumer and so on.
do $$
declare
  wanted text;
begin
  foreach wanted in array array['footfall_owner', 'footfall_consumer', 'footfall_api', 'footfall_reader',
    'footfall_verifier'] loop
    if not exists (select from pg_roles where rolname = wanted) then
      execute format('create role %I login', wanted);
    end if;
    execute format('grant connect on database %I to %I', current_database(), wanted);
  end loop;
  -- Nobody else comes in, and nobody makes temporary tables.
  execute format('revoke all on database %I from public', current_database());
end $$;

revoke all on schema public from public;
grant usage on schema public to footfall_consumer, footfall_api, footfall_reader, footfall_verifier;
-- Owns the tables that it makes: ./footfall setup, partitions, status and doctor run as this one.
grant usage, create on schema public to footfall_owner;
