/** Who moved the ledger, written down by PostgreSQL itself in the transaction that did. */
import type pg from 'pg'
import { type Database, freshName } from '../support/environment.ts'

export interface Advance {
  readonly partition: number
  readonly from: number
  readonly to: number
  /** The user of the session. */
  readonly by: string
  /** Its backend. */
  readonly pid: number
}

/** From now on every advance is written down. The tables must be there. */
export async function auditAdvances(client: pg.Client): Promise<void> {
  await client.query(
    `create table advances (
       id bigint primary key generated always as identity,
       partition integer not null, from_offset bigint not null, to_offset bigint not null,
       by name not null default session_user, pid integer not null default pg_backend_pid());
     create function note_advance() returns trigger language plpgsql security definer as $$
       begin
         insert into advances (partition, from_offset, to_offset)
         values (new.partition, old.next_offset, new.next_offset);
         return null;
       end $$;
     create trigger note_advance after update of next_offset on partition_ledger
       for each row when (new.next_offset <> old.next_offset) execute function note_advance()`,
  )
}

/** What was committed so far, oldest first. */
export async function advances(client: pg.Client, partition: number, from = 0): Promise<Advance[]> {
  const { rows } = await client.query<Advance>(
    `select partition, from_offset::int as from, to_offset::int as to, by, pid from advances
      where partition = $1 and to_offset > $2 order by id`,
    [partition, from],
  )
  return rows
}

/** The same database under a name of its own, which the audit tells. */
export async function asUser(client: pg.Client, database: Database, prefix: string): Promise<Database> {
  const user = freshName(prefix)
  await client.query(`create role ${user} superuser login password '${user}'`)
  return { ...database, user, password: user }
}
