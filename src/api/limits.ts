/** Every bound of the API by name; docs/api.md shows these figures to those who run clients and proxies. */

/** What one process of the API takes on at most. Tests set narrower ones. */
export interface Limits {
  /** Sockets open at a time; more are closed as they come, those that are open go on. */
  readonly socketsMax: number
  /** Header fields of one request; Node drops the later ones without a word. Their bytes and the target's: 16 KiB. */
  readonly headerFieldsMax: number
  /** Of a path that takes no body: a longer one is refused unread, a shorter one ignored. */
  readonly bodyBytesMax: number
  /** From the first byte, or the opening of the socket, to the end of the headers. */
  readonly headersTimeoutMs: number
  /** The same, to the end of a body. */
  readonly requestTimeoutMs: number
  /** Without a request on a socket that had one. */
  readonly keepAliveTimeoutMs: number
  /** Without a byte moving on a socket while it is asked or answered: a reader that has stopped reading. */
  readonly stallTimeoutMs: number
  /** How often Node looks for sockets that are too late. */
  readonly checkIntervalMs: number
  /** From a request, or the end of its waiting, to the first byte of its answer. */
  readonly answerTimeoutMs: number
  /** For the records of `min_position` to be counted, before the reading begins. */
  readonly waitTimeoutMs: number
  /** From the first byte of a long list to its last: so long its snapshot is held. */
  readonly listTimeoutMs: number
  /**
   * Reads under way, waiting for the next statement included. Measured on two busy cores: 16 at a time give nearly the
   * full rate, 900 have their answers within 0.6 s.
   */
  readonly readsMax: number
  /** Requests that wait for records to be counted. They share one look at the ledger. */
  readonly waitsMax: number
  /** Long lists under way; each holds a connection of the pool, and the pool has twice as many. */
  readonly listsMax: number
  /** Questions about the log under way. */
  readonly proofsMax: number
  /** For the answer to one; what was not reached until shortly before is listed in it. */
  readonly proofTimeoutMs: number
  /** Of a path that takes one: those of rejects. */
  readonly adminBodyBytesMax: number
  /** For an answer about rejects; repairs are waited for less long. */
  readonly adminTimeoutMs: number
  /** Readers of the live stream at a time. */
  readonly viewersMax: number
  /** What may wait for one of them to read; whoever lets more wait is dropped. */
  readonly viewerBytesMax: number
  /** From one look at PostgreSQL to the next, while somebody watches: a commit is told within a second. */
  readonly pollMs: number
  /** Rows answered by one statement, and of one page; more are a long list. */
  readonly rowsMax: number
}

export const defaultLimits: Limits = {
  socketsMax: 2_048,
  headerFieldsMax: 100,
  bodyBytesMax: 1_024,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  keepAliveTimeoutMs: 5_000,
  stallTimeoutMs: 10_000,
  checkIntervalMs: 1_000,
  answerTimeoutMs: 5_000,
  waitTimeoutMs: 5_000,
  listTimeoutMs: 60_000,
  readsMax: 1_000,
  waitsMax: 1_000,
  listsMax: 4,
  proofsMax: 2,
  proofTimeoutMs: 5_000,
  adminBodyBytesMax: 16_384,
  adminTimeoutMs: 8_000,
  viewersMax: 1_000,
  viewerBytesMax: 262_144,
  pollMs: 800,
  rowsMax: 1_000,
}
