/**
 * The fold's fast path: what a partition's records add up to, worked out over their raw bytes in WebAssembly, at a
 * tenth of what the plain path costs. `assembly/` is its source; `npm run kernel` compiles it to `kernel.wasm`, which
 * is committed and compared with a fresh compilation by a test.
 *
 * It decides nothing: it recognises records that are surely good, as nearly all are, and stops before any other (an
 * escape, a member it does not know, a name of an origin, a null, anything wrong, a segment of the window that opens or
 * leaves). That one goes through `event/judge.ts`, and the kernel goes on behind it. Ids and counts lie here whoever
 * judged a record.
 *
 * What it gains: docs/decisions/0004. Each trick is explained where it stands.
 */
import { readFileSync } from 'node:fs'
import type { Event } from '../event/judge.ts'
import type { Activity } from '../event/schema.ts'

/** Records of an open record batch that nobody has read yet. */
export interface Unread {
  /** The batch's records, and where in them the next one begins. */
  readonly bytes: Buffer
  readonly at: number
  readonly count: number
  /** What the next one's offset is above the batch's base offset. */
  readonly offsetDelta: number
  /** The broker's time of all of them, or the sender's base time. */
  readonly baseMs: number
  readonly brokerTime: boolean
}

/** How far the kernel may go by itself: only a record that moves no segment of the window is for it. */
export interface Allowance {
  /** So many ids fit into the open segment, while the clock is before `openUntilMs`. */
  readonly room: number
  readonly openUntilMs: number
  /** Beyond it a segment leaves, or the minute of the clock is over. */
  readonly stopAfterMs: number
}

/** What a run over records came to. */
export interface Run {
  readonly records: number
  /** Where in the bytes the next record begins. */
  readonly at: number
  readonly counted: number
  /** Of those counted; the others are views. */
  readonly clicks: number
  readonly purchases: number
  readonly clockMs: number
  /** Of the first record whose append time is known, else -1. */
  readonly firstAppendMs: number
  /** How many new ids; which record of the run claimed the first; the clock at the last. */
  readonly claimed: number
  readonly firstClaim: number
  readonly newestMs: number
}

export interface AgeLimits {
  readonly maxAgeDays: number
  readonly maxAheadMinutes: number
}

/** What a fold asks of a kernel: of this one, or of the plain one that tests hold against it. */
export type FoldKernel = Pick<Kernel, keyof Kernel>

const rowBytes = 48
const inputBytes = 1 << 17
const idBytes = 16
const chunkIds = 4096
const activities: Readonly<Record<Activity, number>> = { view: 0, click: 1, purchase: 2 }

/** TypeScript knows it as a browser's only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}
const module = new WebAssembly.Module(readFileSync(new URL('kernel.wasm', import.meta.url)))

export class Kernel {
  readonly #wasm: Exports
  #memory: Buffer<ArrayBuffer>
  /** Which bytes stand in the input, from where to where. Weak: a batch may be large, and another may not come for long. */
  #loaded: { readonly bytes: WeakRef<Buffer>; readonly from: number; readonly to: number } | undefined

  /** Is of no use before {@link begin}. */
  constructor() {
    this.#wasm = new WebAssembly.Instance(module).exports as Exports
    this.#memory = Buffer.from(this.#wasm.memory.buffer)
  }

  /**
   * Begins with no ids and no counts, whatever was before.
   * @param idKey 16 bytes. @param limits how old and how far ahead of its append time an event may be.
   */
  begin(idKey: Buffer, limits: AgeLimits): void {
    this.#loaded = undefined
    const [k0, k1] = [idKey.readBigUInt64LE(0), idKey.readBigUInt64LE(8)]
    this.#wasm.begin(k0, k1, limits.maxAgeDays * 86_400_000, limits.maxAheadMinutes * 60_000)
  }

  /** Folds up to `count` records, or until one is not for the kernel. */
  fold(unread: Unread, count: number, clockMs: number, senderStepMs: number, allowance: Allowance): Run {
    const { from, to } = this.#load(unread)
    const wasm = this.#wasm
    const input = wasm.input.value
    const records = wasm.fold(
      input + unread.at - from,
      input + to - from,
      count,
      unread.offsetDelta,
      unread.baseMs,
      unread.brokerTime ? 1 : 0,
      clockMs,
      senderStepMs,
      allowance.room,
      allowance.openUntilMs,
      allowance.stopAfterMs,
    )
    return {
      records,
      at: wasm.at.value - input + from,
      counted: wasm.counted.value,
      clicks: wasm.clicks.value,
      purchases: wasm.purchases.value,
      clockMs: wasm.clockMs.value,
      firstAppendMs: wasm.firstAppendMs.value,
      claimed: wasm.claimed.value,
      firstClaim: wasm.firstClaim.value,
      newestMs: wasm.newestMs.value,
    }
  }

  /**
   * An event id as 128 bits: SipHash-2-4 (Aumasson, Bernstein) over user and id, keyed with a secret that never leaves
   * the database, so that nobody can make two ids meet. The user id has a fixed length, so no two pairs give the same
   * text. Chance meetings: below 1e-26 for the 2 million ids of a window.
   * @param text up to 512 characters, of which the low bytes count. @returns four words, lowest first.
   */
  hash(text: string): Uint32Array {
    const at = this.#wasm.text.value
    const memory = this.#current()
    memory.write(text, at, 'latin1')
    this.#wasm.hash(text.length)
    return new Uint32Array(memory.buffer.slice(at, at + idBytes))
  }

  /** Counts an event that the plain path judged. */
  add(event: Event): void {
    this.#current().write(`${event.userId}"${event.itemId}"`, this.#wasm.text.value, 'latin1')
    this.#wasm.add(event.day, activities[event.activity])
  }

  /** What was counted since the last time, in rows of twelve words, in the order of their keys; see `assembly/rows.ts`. */
  takeRows(): Uint32Array {
    const bytes = this.#wasm.rowCount.value * rowBytes
    const at = this.#wasm.sortRows() >>> 0
    const rows = new Uint32Array(this.#wasm.memory.buffer.slice(at, at + bytes))
    this.#wasm.clearRows()
    return rows
  }

  /** How many rows there are to take. */
  get rows(): number {
    return this.#wasm.rowCount.value
  }

  /** The place of the next id that is claimed. Places count up, and begin anew at 2^32. */
  get nextId(): number {
    return this.#wasm.nextId.value >>> 0
  }

  /** Remembers an id of four words. @returns false when it is remembered already. */
  claim(id: Uint32Array): boolean {
    return this.#wasm.claim(id[0]!, id[1]!, id[2]!, id[3]!) !== 0
  }

  /** Remembers again what was remembered before; {@link indexIds} makes it known. */
  restoreIds(ids: Buffer): void {
    this.#loaded = undefined
    for (let at = 0; at < ids.length; at += inputBytes) {
      const part = ids.subarray(at, at + inputBytes)
      this.#current().set(part, this.#wasm.input.value)
      this.#wasm.restore(part.length / idBytes)
    }
  }

  indexIds(): void {
    this.#wasm.indexIds()
  }

  /** So much memory was needed at the most. */
  get usedBytes(): number {
    return this.#wasm.top.value >>> 0
  }

  /** Forgets the oldest ids. */
  leaveIds(count: number): void {
    this.#wasm.leaveIds(count)
  }

  /** A copy of remembered ids, 16 bytes each, from a place on. */
  ids(from: number, count: number): Buffer {
    const all = Buffer.allocUnsafe(count * idBytes)
    for (let done = 0; done < count; ) {
      const place = (from + done) >>> 0
      const length = Math.min(count - done, chunkIds - (place % chunkIds))
      const at = this.#wasm.idAt(place) >>> 0
      all.set(this.#current().subarray(at, at + length * idBytes), done * idBytes)
      done += length
    }
    return all
  }

  /** What is in there already is not copied again: a record that the plain path has read may stand in the middle. */
  #load({ bytes, at }: Unread): { readonly from: number; readonly to: number } {
    const loaded = this.#loaded
    if (loaded?.bytes.deref() === bytes && at >= loaded.from) {
      if (loaded.to === bytes.length || at < loaded.from + inputBytes / 2) return loaded
    }
    const to = Math.min(bytes.length, at + inputBytes)
    this.#current().set(bytes.subarray(at, to), this.#wasm.input.value)
    this.#loaded = { bytes: new WeakRef(bytes), from: at, to }
    return this.#loaded
  }

  /** The memory as it is now: when it grows, what was seen of it before is gone. */
  #current(): Buffer<ArrayBuffer> {
    if (this.#memory.length === 0) this.#memory = Buffer.from(this.#wasm.memory.buffer)
    return this.#memory
  }
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly input: Value
  readonly text: Value
  readonly at: Value
  readonly counted: Value
  readonly clicks: Value
  readonly purchases: Value
  readonly claimed: Value
  readonly firstClaim: Value
  readonly newestMs: Value
  readonly clockMs: Value
  readonly firstAppendMs: Value
  readonly rowCount: Value
  readonly nextId: Value
  readonly top: Value
  begin(k0: bigint, k1: bigint, maxAgeMs: number, maxAheadMs: number): void
  fold(
    from: number,
    end: number,
    count: number,
    offsetDelta: number,
    baseMs: number,
    isBroker: number,
    clockMs: number,
    senderStepMs: number,
    room: number,
    openUntilMs: number,
    stopAfterMs: number,
  ): number
  hash(length: number): void
  add(day: number, activity: number): void
  sortRows(): number
  clearRows(): void
  claim(w0: number, w1: number, w2: number, w3: number): number
  restore(count: number): void
  indexIds(): void
  leaveIds(count: number): void
  idAt(place: number): number
}

interface Value {
  readonly value: number
}
