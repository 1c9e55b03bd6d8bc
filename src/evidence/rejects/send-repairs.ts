/**
 * Sends rejected records again as repairs: the same bytes, or patched ones. Nothing is remembered here: what is still
 * open says where to go on, and that a repair counts once is the consumer's work. So this may be killed, run again, or
 * run by two people at once.
 */
import type { Client } from 'pg'
import { RecordsRefused, WriterClosed } from '../../kafka/lane.ts'
import { openWriter, type Writer } from '../../kafka/writer.ts'
import type { Config } from '../../runtime/config.ts'
import { createLog } from '../../runtime/log.ts'
import { type LogAccess, openLog } from '../trace/log-access.ts'
import { awaitFates, whyHalted } from './became.ts'
import { missingOf, type Page, pagesOf, type Selection } from './candidates.ts'
import type { Json } from './merge-patch.ts'
import { nowhere, Outcomes, type RejectsReport } from './reject-report.ts'
import { withRejects } from './reject-tables.ts'
import { type Repair, repairOf } from './repair.ts'
import { currentOf, type LedgerRow, readLedger, type StoredReject } from './stored.ts'

export interface SendOptions {
  /** Looks and judges; sends nothing. */
  readonly isDryRun: boolean
  /** undefined: the same bytes again. */
  readonly patch: Json | undefined
  /** How long Kafka may take for a page, and then the consumer; 0: nobody waits for the consumer. */
  readonly waitMs: number
  /** Hears how many were looked at. */
  readonly progress?: ((done: number) => void) | undefined
}

/** For Kafka's answer to a page where nobody waits for the consumer. */
const kafkaWaitMs = 30_000
/** What is on its way when it ends has the answer it will have. */
const closeMs = 0

/** @throws LogAway, UnfitDatabase, what PostgreSQL says. What stops it in the middle stands in the report. */
export async function sendRepairs(config: Config, selection: Selection, options: SendOptions): Promise<RejectsReport> {
  const outcomes = new Outcomes()
  await withRejects(config, async client => {
    await using log = await openLog(config, 'rejects')
    const ledger = await readLedger(client)
    for (const at of await missingOf(client, ledger, selection)) {
      const lineage = selection.by === 'positions' ? selection.lineage : undefined
      outcomes.add(nowhere(at, lineage ?? currentOf(ledger, at.partition)?.lineage ?? 1), 'unfit', 'no reject is there')
    }
    const writer = options.isDryRun
      ? undefined
      : openWriter(config, createLog('rejects', 'silent'), 'rejects', log.partitions)
    try {
      for await (const page of pagesOf(client, ledger, selection, 'open')) {
        // Rules may change meanwhile, and a halt may be ended.
        const now = await readLedger(client)
        const ready = sort(page, now, log, outcomes, options)
        if (ready.length > 0 && writer !== undefined) {
          const sending = { client, log, writer, current: currentOf(now, page.of.partition)!, outcomes, options }
          await sendPage(sending, page.of, ready)
        }
        options.progress?.(outcomes.selected)
        if (outcomes.stopped !== null) break
      }
    } finally {
      await writer?.close(closeMs)
    }
  })
  return outcomes.report(options.patch === undefined ? 'retry' : 'resend', options.isDryRun)
}

type Ready = Repair & { readonly is: 'ready' }

/** Tells those apart that are not to be sent. */
function sort(page: Page, ledger: readonly LedgerRow[], log: LogAccess, outcomes: Outcomes, options: SendOptions) {
  const { isDryRun, patch } = options
  const current = page.of.partition < log.partitions ? currentOf(ledger, page.of.partition) : undefined
  const ready: { reject: StoredReject; repair: Ready }[] = []
  for (const reject of page.rejects) {
    const repair = repairOf(reject, current, Date.now(), patch)
    if (repair.is !== 'ready') {
      outcomes.add(reject, repair.is, repair.why)
      continue
    }
    if (patch !== undefined && outcomes.example === null) {
      const [before, after] = [reject.value, repair.record.value].map(bytes => bytes.toString('utf8'))
      outcomes.example = { position: `${reject.partition}:${reject.offset}`, before: before!, after: after! }
    }
    if (isDryRun) outcomes.add(reject, 'ready')
    else ready.push({ reject, repair })
  }
  return ready
}

interface Sending {
  readonly client: Client
  readonly log: LogAccess
  readonly writer: Writer
  readonly current: LedgerRow
  readonly outcomes: Outcomes
  readonly options: SendOptions
}

/** In the order of their offsets, so that the consumer learns of many origins at once. */
async function sendPage(
  { client, log, writer, current, outcomes, options }: Sending,
  of: LedgerRow,
  ready: readonly { readonly reject: StoredReject; readonly repair: Ready }[],
): Promise<void> {
  const from = (await log.bounds(of.partition)).end
  const records = ready.map(({ repair }) => repair.record)
  const refused = await sent(writer, records, options.waitMs || kafkaWaitMs)
  if (refused?.isUnknown) outcomes.stopped = refused.why
  const isAwaited = options.waitMs > 0 && outcomes.stopped === null
  const deadlineMs = performance.now() + (refused === undefined ? options.waitMs : Math.min(options.waitMs, refusedMs))
  const offsets = ready.map(({ reject }) => reject.offset)
  const fates = isAwaited ? await awaitFates(client, of, offsets, current, from, deadlineMs) : new Map<number, never>()
  for (const { reject } of ready) {
    const became = fates.get(reject.offset)
    if (became !== undefined) outcomes.add(reject, became.outcome, became.why)
    else if (refused !== undefined) outcomes.add(reject, refused.isUnknown ? 'waiting' : 'unfit', refused.why)
    else outcomes.add(reject, isAwaited ? 'waiting' : 'sent')
  }
  if (!isAwaited || refused !== undefined || fates.size === ready.length) return
  const seconds = options.waitMs / 1_000
  const halted = await whyHalted(client, of.partition)
  outcomes.stopped =
    halted ?? `what was sent has no fate after ${seconds} s: is a consumer running? (./footfall status says)`
}

/** Kafka refused some of a page for good; the others are counted as soon as ever. */
const refusedMs = 3_000

/** @returns why not all of them are surely in the log, `isUnknown` where they may come into it all the same. */
async function sent(
  writer: Writer,
  records: readonly Ready['record'][],
  timeoutMs: number,
): Promise<{ why: string; isUnknown: boolean } | undefined> {
  const late = setTimeout(() => void writer.close(closeMs), timeoutMs)
  // Kept while it takes nothing: once closed it tells of no trouble any more.
  let trouble: string | undefined
  const watching = setInterval(() => {
    trouble = writer.trouble ?? trouble
  }, 100)
  try {
    await writer.send(records)
    return undefined
  } catch (error) {
    if (error instanceof WriterClosed) return { why: `Kafka takes nothing: ${trouble ?? 'no answer'}`, isUnknown: true }
    if (error instanceof RecordsRefused) return { why: `Kafka refuses it: ${error.message}`, isUnknown: false }
    throw error
  } finally {
    clearTimeout(late)
    clearInterval(watching)
  }
}
