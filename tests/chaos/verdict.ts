/** Whether a schedule kept every promise. What could not be looked at counts as broken: the verdict fails closed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { countedTable, fates } from '../support/counting.ts'
import { asked } from './ask.ts'
import { compare } from './compare.ts'
import { faults } from './faults/faults.ts'
import { startPart } from './part.ts'
import { add, type Tally, tellRare } from './rare.ts'
import { endsNow, untilCounted } from './recovery.ts'
import type { Stage } from './stage.ts'

export interface Verdict {
  /** Everything that must not be, in words. Empty: passed. */
  readonly wrong: readonly string[]
  readonly acknowledged: number
  /** Events. */
  readonly lost: number
  readonly double: number
  readonly invented: number
  /** Snapshots that showed books that do not balance, or less than one before; and answers that showed less, or were none. */
  readonly ledgerBreaks: number
  readonly wrongReads: number
  /** Snapshots of the tables, and answers of the API, that were looked at. */
  readonly snapshots: number
  readonly reads: number
}

const drainDeadlineMs = 90_000
/** The beginning of what verify says has the kinds of difference. */
const verifyShown = 1_500

/** Ends the load, waits until all of it has a fate, and judges. Nothing of the stage runs afterwards. */
export async function judge(stage: Stage, tally: Tally): Promise<Verdict> {
  const { sender, database, watch, reader, cast, schedule } = stage
  const answers = await sender.stop()
  const ends = await endsNow(stage)
  const drainedMs = await untilCounted(database, ends, drainDeadlineMs)
  await Promise.all([watch.stop(), reader.stop()])
  const [table, found] = await asked(
    database,
    async client => [await countedTable(client), await fates(client)] as const,
  )
  const records = [...ends.values()].reduce((sum, end) => sum + end, 0) - sender.lost
  const compared = compare(table, found, answers, records)
  const wrong: string[] = []
  const unproven = await verify(stage)
  await Promise.all(cast.map(member => member.stop()))
  wrong.push(...cast.flatMap(member => member.wrong))
  if (answers.unknown > 0) wrong.push(`${answers.unknown} records were not acknowledged: nobody knows of them`)
  if (drainedMs === undefined) wrong.push(`not all was counted within ${drainDeadlineMs} ms: ${await standing(stage)}`)
  if (watch.looks() === 0 || reader.answers() === 0)
    wrong.push('nobody looked at the tables, or the API never answered')
  wrong.push(...watch.wrong, ...reader.wrong, ...compared.wrong, ...unproven)
  const expected = new Set(schedule.faults.map(({ fault }) => faults[fault]!.halts))
  for (const reason of tellRare(stage, tally)) {
    if (!expected.has(reason)) wrong.push(`a partition was halted as ${reason}, which no fault of this schedule is`)
  }
  add(tally, 'records that Kafka may have taken twice', answers.perhapsTwice)
  return {
    ...compared,
    wrong,
    acknowledged: answers.acknowledged,
    ledgerBreaks: watch.wrong.length,
    wrongReads: reader.wrong.length,
    snapshots: watch.looks(),
    reads: reader.answers(),
  }
}

/** What `./footfall verify` finds, as anybody would ask it. */
async function verify({ folder, settings }: Stage): Promise<string[]> {
  const how = await startPart('verify', 'verify', folder, settings).ended
  if (how === 'ended with code 0') return []
  return [`verify ${how}:\n${readFileSync(join(folder, 'verify.log'), 'utf8').slice(0, verifyShown)}`]
}

async function standing({ database }: Stage): Promise<string> {
  const { rows } = await asked(database, client =>
    client.query(
      'select partition, next_offset, state, halt_reason, halt_detail from partition_ledger order by partition',
    ),
  )
  return JSON.stringify(rows)
}
