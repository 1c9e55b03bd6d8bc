/** How a change that concerns every partition keeps all others from writing meanwhile. */
import type { Client } from 'pg'

/**
 * Within a transaction: nobody else moves, makes or locks a ledger row until it ends. The table is locked and not its
 * rows, because a partition may get its first row at this moment; readers are not held up. Settles that are under way
 * end first, the next ones wait.
 * @throws SQLSTATE 55P03 after the lock timeout: a stopped process holds a row until PostgreSQL ends its transaction.
 */
export async function lockLedger(client: Client): Promise<void> {
  await client.query('lock table partition_ledger in exclusive mode')
}
