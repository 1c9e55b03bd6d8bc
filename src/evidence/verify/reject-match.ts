/** The stored rejects of a lineage beside those that the recount finds, both in the order of their offsets. */
import type { RecordWalk } from '../../kafka/records.ts'
import { placeText } from '../recount/record-place.ts'
import { digestOf, type Recounted } from '../recount/recount.ts'
import type { RepairBook } from '../recount/repair-book.ts'
import type { Spill } from '../recount/spill.ts'
import type { Differences } from './difference.ts'
import type { Digester } from './digest.ts'
import { sumOf } from './digest.ts'
import type { Lineage } from './ledger.ts'

interface StoredReject {
  readonly offset: number
  readonly bytes: Buffer
  readonly reason: string
  readonly pointer: string
  /** What it was an attempt to repair; '' = nothing, and it may be repaired itself. */
  readonly origin: string
}

export class RejectMatch {
  /** How many were compared. */
  compared = 0
  /** Of the rejects that the recount found. */
  digest = 0n
  readonly #lineage: Lineage
  readonly #book: RepairBook
  readonly #digester: Digester
  readonly #differences: Differences
  readonly #stored: Generator<Buffer>
  #next: StoredReject | undefined

  /** @param book is told of the stored ones that the recount does not see. */
  constructor(lineage: Lineage, stored: Spill, book: RepairBook, digester: Digester, differences: Differences) {
    this.#lineage = lineage
    this.#book = book
    this.#digester = digester
    this.#differences = differences
    this.#stored = stored.frames(lineage.index)
    this.#advance()
  }

  /** Passes over the stored ones before `from`. @returns how many they are, and their digest. */
  skipTo(from: number): { count: number; digest: bigint } {
    let count = 0
    let digest = 0n
    for (let one = this.#next; one !== undefined && one.offset < from; one = this.#next) {
      count += 1
      digest = sumOf(digest, this.#digester.ofReject(one.offset, one.reason, one.pointer, one.bytes, one.origin))
      this.#pass(one)
    }
    return { count, digest }
  }

  /** What the recount says of the next record, or run of offsets that ends there. */
  see(record: RecordWalk, found: Recounted): void {
    const { offset } = record
    while (this.#next !== undefined && this.#next.offset < offset) this.#extra('nothing')
    const stored = this.#next?.offset === offset ? this.#next : undefined
    if (found.fate !== 'rejected') {
      if (stored !== undefined) this.#extra(found.fate)
      return
    }
    const bytes = digestOf(record)
    const origin = found.origin === undefined ? '' : placeText(found.origin)
    this.digest = sumOf(this.digest, this.#digester.ofReject(offset, found.reason, found.pointer, bytes, origin))
    this.compared += 1
    const expected = said({ ...found, origin })
    if (stored === undefined) {
      this.#add('missing', offset, null, expected, [])
      return
    }
    if (said(stored) !== expected) this.#add('changed', offset, said(stored), expected, [])
    else if (!stored.bytes.equals(bytes)) {
      this.#add('changed', offset, 'other bytes', 'the bytes of the log', ['key, value, headers or append time differ'])
    }
    this.#advance()
  }

  /** Nothing more is expected before `to`; without it, anywhere. */
  end(to = Number.POSITIVE_INFINITY): void {
    while (this.#next !== undefined && this.#next.offset < to) this.#extra('nothing')
    while (this.#next !== undefined) this.#pass(this.#next)
  }

  /** The recount says nothing of it: what the tables say has to do. */
  #pass({ offset, origin }: StoredReject): void {
    if (origin === '') this.#book.addReject(this.#lineage, offset)
    this.#advance()
  }

  #extra(expected: string): void {
    const { offset } = this.#next!
    this.#add('extra', offset, said(this.#next!), expected === 'nothing' ? null : expected, [])
    this.compared += 1
    this.#advance()
  }

  #add(what: 'missing' | 'extra' | 'changed', offset: number, stored: unknown, expected: unknown, because: string[]) {
    const { partition, lineage } = this.#lineage
    this.#differences.add({ kind: 'reject', what, where: { partition, lineage, offset }, stored, expected, because })
  }

  #advance(): void {
    const { value, done } = this.#stored.next()
    this.#next = done === true ? undefined : understood(value)
  }
}

function understood(frame: Buffer): StoredReject {
  const [reason, pointer, origin] = frame.toString('utf8', 40).split('\n') as [string, string, string]
  return { offset: frame.readDoubleLE(0), bytes: Buffer.from(frame.subarray(8, 40)), reason, pointer, origin }
}

const said = ({ reason, pointer, origin }: Pick<StoredReject, 'reason' | 'pointer' | 'origin'>): string =>
  [reason, pointer, origin && `in an attempt to repair ${origin}`].filter(Boolean).join(' ')
