/** How far a partition is behind its log, in records and in seconds, as far as this process has heard. */
export class Lag {
  /** The latest bounds of the log, -1 before the first answer. */
  logStart = -1
  logEnd = -1
  /** The next offset as the ledger has it, -1 before it was read. */
  nextOffset = -1
  /** When they were asked for. */
  heardMs = -1
  #clockMs = -1
  /** Everything that was in the log then is settled; or when it was first heard of. */
  #caughtUpMs = -1

  /** A broker told the bounds of the log. @param askedMs whatever was in the log then lies within them. */
  heard(logStart: number, logEnd: number, askedMs: number): void {
    if (this.#caughtUpMs === -1) this.#caughtUpMs = askedMs
    this.logStart = logStart
    this.logEnd = logEnd
    this.heardMs = askedMs
    this.#look()
  }

  /** The ledger stands there. @param clockMs its clock: the latest append time of what is settled, -1 when unknown. */
  settledTo(nextOffset: number, clockMs: number): void {
    this.nextOffset = nextOffset
    this.#clockMs = clockMs
    this.#look()
  }

  /** Log end minus next offset; undefined while one of the two is unknown. */
  get records(): number | undefined {
    return this.logEnd < 0 || this.nextOffset < 0 ? undefined : Math.max(0, this.logEnd - this.nextOffset)
  }

  /**
   * How old the oldest record without a fate is at most: it was appended after the latest that has one, and after the
   * last time that there was none. Without the second, a record after a quiet hour would be an hour late at once.
   */
  seconds(nowMs: number): number | undefined {
    if (this.records === undefined || this.records === 0) return this.records
    return Math.max(0, nowMs - Math.max(this.#clockMs, this.#caughtUpMs)) / 1_000
  }

  #look(): void {
    if (this.records === 0) this.#caughtUpMs = this.heardMs
  }
}
