/**
 * A kernel that recognises nothing, so that the plain path reads every record, and keeps ids and counts in a set and a
 * map: what the compiled one is held against.
 */

import type { Event } from '../../src/event/judge.ts'
import { SipHash } from '../../src/evidence/recount/siphash.ts'
import type { AgeLimits, FoldKernel, Run } from '../../src/kernel/kernel.ts'

const nothing: Run = {
  records: 0,
  at: 0,
  counted: 0,
  clicks: 0,
  purchases: 0,
  clockMs: -1,
  firstAppendMs: -1,
  claimed: 0,
  firstClaim: 0,
  newestMs: 0,
}
const countsAt = { view: 36, click: 40, purchase: 44 }

export class PlainKernel implements FoldKernel {
  readonly usedBytes = 0
  nextId = 0
  #hash!: SipHash
  /** From the oldest on; the newest stands before `nextId`. */
  #ids: string[] = []
  #known = new Set<string>()
  /** By what they sort by. */
  #rows = new Map<string, Buffer>()

  begin(idKey: Buffer, _limits: AgeLimits): void {
    this.#hash = new SipHash(idKey, 512)
    this.nextId = 0
    this.#ids = []
    this.#known = new Set()
    this.#rows = new Map()
  }

  fold(): Run {
    return nothing
  }

  hash(text: string): Uint32Array {
    this.#hash.hash(this.#hash.bytes.write(text, 'latin1'))
    return this.#hash.out.slice()
  }

  add({ userId, day, itemId, activity }: Event): void {
    const key = `${userId}${day + 2 ** 31} ${itemId}`
    let row = this.#rows.get(key)
    if (row === undefined) {
      row = Buffer.alloc(48)
      row.write(userId.replaceAll('-', ''), 'hex')
      row.writeUInt32BE(day + 2 ** 31, 16)
      row.write(itemId.replaceAll('-', ''), 20, 'hex')
      this.#rows.set(key, row)
    }
    const at = countsAt[activity]
    row.writeUInt32LE(row.readUInt32LE(at) + 1, at)
  }

  get rows(): number {
    return this.#rows.size
  }

  takeRows(): Uint32Array {
    const sorted = [...this.#rows.keys()].sort().map(key => this.#rows.get(key)!)
    this.#rows = new Map()
    const bytes = new Uint8Array(sorted.length * 48)
    for (const [n, row] of sorted.entries()) bytes.set(row, n * 48)
    return new Uint32Array(bytes.buffer)
  }

  claim(id: Uint32Array): boolean {
    return this.#keep(textOf(Buffer.from(id.buffer, id.byteOffset, 16)))
  }

  restoreIds(ids: Buffer): void {
    for (let at = 0; at < ids.length; at += 16) this.#keep(textOf(ids.subarray(at, at + 16)))
  }

  indexIds(): void {}

  leaveIds(count: number): void {
    for (const text of this.#ids.splice(0, count)) this.#known.delete(text)
  }

  ids(from: number, count: number): Buffer {
    const first = from - (this.nextId - this.#ids.length)
    return Buffer.from(this.#ids.slice(first, first + count).join(''), 'utf16le')
  }

  #keep(text: string): boolean {
    if (this.#known.has(text)) return false
    this.#known.add(text)
    this.#ids.push(text)
    this.nextId += 1
    return true
  }
}

/** 16 bytes as eight code units: a set finds strings by what they hold. */
const textOf = (id: Buffer) => id.toString('utf16le')
