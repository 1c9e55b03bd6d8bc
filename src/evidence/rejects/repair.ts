/**
 * The repair of a reject: a new record for the same partition that names its origin. Judged before it is sent, under the
 * rules in force now: what would be rejected again is not sent, so that no repair makes a reject of its own. Pure.
 */
import { isUtf8 } from 'node:buffer'
import { judge, judgeVersion } from '../../event/judge.ts'
import { originHeader, originText } from '../../event/origin.ts'
import { headersOf } from '../../kafka/headers.ts'
import type { OutgoingRecord } from '../../kafka/record-batch.ts'
import { isObject, type Json, mergePatch } from './merge-patch.ts'
import type { LedgerRow, StoredReject } from './stored.ts'

/** Judges before this one take a repair for any other record: it would count each time it is sent. */
const repairsSinceJudge = 2

export type Repair =
  | { readonly is: 'ready'; readonly record: OutgoingRecord & { readonly value: Buffer } }
  /** It has been repaired. */
  | { readonly is: 'done'; readonly why: string }
  | { readonly is: 'unfit'; readonly why: string }

/**
 * @param current where its partition stands now, undefined where it is no more. @param nowMs what the broker's clock will
 * say, near enough. @param patch undefined: the same bytes again.
 */
export function repairOf(
  reject: StoredReject,
  current: LedgerRow | undefined,
  nowMs: number,
  patch: Json | undefined,
): Repair {
  if (reject.state === 'repaired') return { is: 'done', why: `repaired before, as ${reject.repairedAs}` }
  if (reject.state === 'attempt') return unfit('it is itself an attempt to repair another: repair that one')
  if (current === undefined) return unfit(`the topic has no partition ${reject.partition} any more`)
  if (current.judgeVersion < repairsSinceJudge) {
    return unfit('the rules in force know no repairs yet: a consumer of this version has to run first')
  }
  if (current.judgeVersion > judgeVersion) {
    return unfit(`judge ${current.judgeVersion} is in force, and this program has ${judgeVersion}: run the newer one`)
  }
  const value = patch === undefined ? reject.value : patched(reject.value, patch)
  if (typeof value === 'string') return unfit(value)
  const verdict = judge(value, 0, value.length, nowMs, current)
  if ('reason' in verdict) {
    const at = verdict.pointer === '' ? '' : ` at ${verdict.pointer}`
    return unfit(`it would be rejected again, ${verdict.reason}${at}: ${verdict.detail}`)
  }
  const headers = headersOf(reject.headers)
  if (headers === undefined) return unfit('its headers cannot be read')
  const kept = headers.filter(([name]) => name !== originHeader)
  const origin = [originHeader, Buffer.from(originText(reject))] as const
  return {
    is: 'ready',
    record: { key: reject.key, value, headers: [...kept, origin], partition: reject.partition },
  }
}

const unfit = (why: string): Repair => ({ is: 'unfit', why })

/** @returns a text: why it cannot be patched. */
function patched(bytes: Buffer, patch: Json): Buffer | string {
  let value: unknown
  try {
    value = isUtf8(bytes) ? JSON.parse(bytes.toString('utf8')) : undefined
  } catch {
    value = undefined
  }
  if (!isObject(value)) return 'its value is no JSON object: nothing to patch'
  try {
    return Buffer.from(JSON.stringify(mergePatch(value, patch)))
  } catch {
    return 'its value is nested too deeply to be written again'
  }
}
