/** What a record's headers say it stands for, in the recount's own words: the contract says how it is written. */
import { headerOf } from '../../kafka/headers.ts'
import type { RecordWalk } from '../../kafka/records.ts'
import type { Place } from './record-place.ts'

const headerName = 'footfall-origin'
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
/** Of partition, lineage and offset. */
const digitsMax = [9, 9, 15]

/** From this version on the judge knows repairs; to the one before a header was nothing. */
const firstJudge = 2

/**
 * @returns undefined: it is no repair. 'nowhere': its header is not of the form TOPIC_ID/PARTITION/LINEAGE/OFFSET, or
 * names another partition.
 */
export function originOf(record: RecordWalk, judgeVersion: number, partition: number): Place | 'nowhere' | undefined {
  if (judgeVersion < firstJudge || !record.hasHeaders || record.valueStart < 0) return undefined
  const text = headerOf(record.headers(), headerName)?.toString('latin1')
  if (text === undefined) return undefined
  const [topicId = '', ...numbers] = text.split('/')
  const isPlain = numbers.every((number, i) => number === String(Number(number)) && isDigits(number, digitsMax[i] ?? 0))
  const [of, lineage, offset] = numbers.map(Number)
  if (numbers.length !== 3 || !isPlain || !uuid.test(topicId) || of !== partition || lineage === 0) return 'nowhere'
  return { topicId, partition, lineage: lineage!, offset: offset! }
}

const isDigits = (text: string, max: number): boolean => text.length <= max && /^\d+$/.test(text)
