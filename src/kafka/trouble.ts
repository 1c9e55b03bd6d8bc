/** What can be wrong with a log so that reading on would lose, invent or jump over records. A closed list. */
export const troubles = {
  recreated: 'the topic was deleted and created again; its offsets mean other records now',
  compacted: 'the topic is compacted; records vanish from it before they are counted',
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

/** @param at where the partition stands. */
export function compacted(at: number): Trouble {
  const detail = 'the topic has a cleanup.policy with compact: records vanish from it before they are counted'
  return { reason: 'compacted', from: at, to: at, detail }
}

/**
 * How long a broker may show nothing where there is something before that is a trouble. A length in a record batch
 * that leads beyond its file does it; so may a remote tier, for a moment.
 */
export const silenceMsMax = 5_000

/** @param at the offset where nothing is shown. @param logEnd how far the log goes all the same. */
export function silence(at: number, logEnd: number): Trouble {
  const detail = `the broker shows nothing at ${at}, although the log goes on to ${logEnd}`
  return { reason: 'malformed', from: at, to: at, detail }
}

export interface Trouble {
  readonly reason: keyof typeof troubles
  /** First and last offset concerned. */
  readonly from: number
  readonly to: number
  readonly detail: string
}
