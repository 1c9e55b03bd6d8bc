/** Rejects as NDJSON, byte for byte, a page at a time: memory stays bounded however many there are. */
import type { Config } from '../../runtime/config.ts'
import { pagesOf } from './candidates.ts'
import { connectRejects } from './reject-tables.ts'
import { shown } from './show.ts'
import { type Filter, readLedger } from './stored.ts'

/** @param isAll also those that are not open. @returns lines, some at a time. */
export async function* exportRejects(config: Config, filter: Filter, isAll: boolean): AsyncGenerator<string> {
  await using tables = await connectRejects(config)
  const ledger = await readLedger(tables.client)
  for await (const { rejects } of pagesOf(
    tables.client,
    ledger,
    { by: 'filter', filter },
    isAll ? undefined : 'open',
  )) {
    for (const reject of rejects) yield `${JSON.stringify(shown(reject))}\n`
  }
}
