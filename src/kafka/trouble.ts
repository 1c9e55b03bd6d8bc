/** What can be wrong with a log so that reading on would lose, invent or jump over records. A closed list. */
export const troubles = {
  recreated: 'the topic was deleted and created again; its offsets mean other records now',
  trimmed: 'records that were not read yet have been deleted from the log',
  truncated: 'the log ends before what was already counted',
  diverged: 'the log holds other records where some were already counted',
  gap: 'offsets are missing between two records, as compaction leaves them',
  bad_crc: 'a record batch does not match its checksum',
  unknown_format: 'a record batch is of a format other than Kafka’s version 2',
  unknown_codec: 'a record batch is compressed with a codec that is not known here',
  malformed: 'a record batch cannot be decoded although its checksum is right',
  too_large: 'a record batch inflates beyond CONSUMER_MAX_BATCH_BYTES',
} as const

export interface Trouble {
  readonly reason: keyof typeof troubles
  /** First and last offset concerned. */
  readonly from: number
  readonly to: number
  readonly detail: string
}
