/** The last stage of Footfall alone: folded batches into PostgreSQL, and what of it is PostgreSQL itself. */
import { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { Client } from 'pg'
import { type CopyStreamQuery, from } from 'pg-copy-streams'
import type { Batch } from '../src/consumer/batch.ts'
import { rowWords, sumOf } from '../src/consumer/delta.ts'
import { Fold } from '../src/consumer/fold.ts'
import { NewRows } from '../src/consumer/new-rows.ts'
import { PostgresStore } from '../src/consumer/postgres-store.ts'
import { settle } from '../src/consumer/settle.ts'
import { statementsOf } from '../src/consumer/settle-statements.ts'
import { costLimit, growRoom } from '../src/consumer/settler.ts'
import type { Fetched } from '../src/kafka/reader.ts'
import { RecordWalk } from '../src/kafka/records.ts'
import { connectWriter } from '../src/postgres/connect.ts'
import type { Config } from '../src/runtime/config.ts'
import type { Lab } from './lab.ts'
import { cpuSecondsOfTree, ownCpuSeconds } from './machine.ts'

/** Settles all into one database and notes what is said, then says the same into another. */
export async function settleAll(lab: Lab, config: Config, other: Config, topicId: string, answers: readonly Fetched[]) {
  const folds = await openFolds(config, topicId, answers)
  await openFolds(other, topicId, answers)
  const client = await connectWriter(config, 'bench')
  const said: ((client: Client) => Promise<unknown>)[] = []
  const noting = Object.create(client, {
    query: {
      value: (...args: Parameters<Client['query']>) => {
        const [statement] = args as unknown[]
        if (statement instanceof Writable) noteCopy(statement as CopyStreamQuery, said)
        else said.push(async again => again.query(...args))
        return client.query(...args)
      },
    },
  }) as Client
  const newRows = new NewRows()
  const sums = { own: 0, postgres: 0, postgresAlone: 0, rows: 0, transactions: 0 }
  for (const batches of fold(config, folds, answers)) {
    const [own, postgres] = [ownCpuSeconds(), cpuSecondsOfTree(lab.postgres.pid)]
    const outcomes = await settle(statementsOf(noting, newRows), batches)
    sums.own += ownCpuSeconds() - own
    sums.postgres += cpuSecondsOfTree(lab.postgres.pid) - postgres
    if ([...outcomes.values()].some(outcome => outcome !== 'settled')) throw new Error('a batch was not settled')
    sums.transactions += 1
    sums.rows += sumOf(batches.map(batch => batch.delta)).length / rowWords
  }
  await client.end()
  const alone = await connectWriter(other, 'bench')
  const before = cpuSecondsOfTree(lab.postgres.pid)
  for (const again of said) await again(alone)
  sums.postgresAlone = cpuSecondsOfTree(lab.postgres.pid) - before
  await alone.end()
  return sums
}

/** What is copied is said in pieces, and can be read only once. */
function noteCopy(copy: CopyStreamQuery, said: ((client: Client) => Promise<unknown>)[]): void {
  const pieces: Buffer[] = []
  said.push(client => finished(client.query(from(copy.text)).end(Buffer.concat(pieces))))
  for (const name of ['write', 'end'] as const) {
    const say = copy[name].bind(copy) as (piece?: Buffer) => never
    const value = (piece?: Buffer) => {
      if (piece !== undefined) pieces.push(piece)
      return say(piece)
    }
    Object.defineProperty(copy, name, { value })
  }
}

async function openFolds(config: Config, topicId: string, answers: readonly Fetched[]): Promise<Map<number, Fold>> {
  const store = new PostgresStore(config)
  const { idKey } = await store.install(config.kafka.topic, config.rules)
  const folds = new Map<number, Fold>()
  for (const partition of new Set(answers.map(({ want }) => want.partition))) {
    const { standing, rules } = await store.open(topicId, partition, 0)
    folds.set(partition, new Fold(standing, rules, idKey))
  }
  await store.close()
  return folds
}

/** The batches of one transaction after another. */
function* fold(config: Config, folds: ReadonlyMap<number, Fold>, answers: readonly Fetched[]): Generator<Batch[]> {
  const take = () => [...folds.values()].flatMap(one => one.takeBatch() ?? [])
  for (const { records, want, aborted } of answers) {
    const one = folds.get(want.partition)!
    const walk = new RecordWalk(records, want.offset, aborted, config.consumer.batchBytesMax)
    one.take(walk, Number.POSITIVE_INFINITY)
    if (isGrown(config, folds.values())) yield take()
  }
  const rest = take()
  if (rest.length > 0) yield rest
}

/** Whether a batch has grown as far as there is room for one, as behind a backlog. */
export function isGrown(config: Config, folds: Iterable<Fold>): boolean {
  let [records, cost] = [0, 0]
  for (const fold of folds) {
    records += fold.pendingRecords
    cost += fold.pendingCost
  }
  return records >= growRoom * config.consumer.pendingRecordsMax || cost >= growRoom * costLimit
}
