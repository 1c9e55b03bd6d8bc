/**
 * Records on disk, in buckets: what does not fit into memory, to be taken up again bucket by bucket. All lies in one
 * temporary file that has no name any more once it is open, so that it goes with the process, however that ends.
 */
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const blockBytes = 16_384

interface Bucket {
  /** Where its full blocks lie in the file, by number. */
  readonly blocks: number[]
  /** What is not in the file yet. */
  open: Buffer | undefined
  used: number
}

export class Spill {
  readonly #file: number
  readonly #buckets = new Map<number, Bucket>()
  #blocks = 0

  constructor() {
    const path = join(tmpdir(), `footfall-verify-${randomBytes(8).toString('hex')}`)
    this.#file = withRoom(() => openSync(path, 'wx+', 0o600))
    unlinkSync(path)
  }

  /** Bytes that it takes on disk. */
  get fileBytes(): number {
    return this.#blocks * blockBytes
  }

  /** Adds bytes to the end of a bucket. */
  write(number: number, bytes: Uint8Array): void {
    const bucket = this.#bucket(number)
    for (let at = 0; at < bytes.length; ) {
      bucket.open ??= Buffer.allocUnsafe(blockBytes)
      const part = bytes.subarray(at, at + blockBytes - bucket.used)
      bucket.open.set(part, bucket.used)
      bucket.used += part.length
      at += part.length
      if (bucket.used === blockBytes) this.#close(bucket)
    }
  }

  /** How many bytes a bucket holds. */
  bytesOf(number: number): number {
    const bucket = this.#buckets.get(number)
    return bucket === undefined ? 0 : bucket.blocks.length * blockBytes + bucket.used
  }

  /** A bucket's bytes in the order in which they were written, a block at a time. */
  *read(number: number): Generator<Buffer> {
    const bucket = this.#buckets.get(number)
    if (bucket === undefined) return
    for (let n = 0; n < bucket.blocks.length; n++) yield this.block(number, n)
    if (bucket.open !== undefined) yield this.block(number, bucket.blocks.length)
  }

  /** One of the blocks that make up a bucket; of the last as much as is written. */
  block(number: number, n: number): Buffer {
    const { blocks, open, used } = this.#buckets.get(number)!
    if (n === blocks.length) return open!.subarray(0, used)
    const part = Buffer.allocUnsafeSlow(blockBytes)
    const read = readSync(this.#file, part, 0, blockBytes, blocks[n]! * blockBytes)
    if (read !== blockBytes) throw new Error(`a temporary file gave ${read} of ${blockBytes} bytes`)
    return part
  }

  /** Adds bytes that come out again as one piece. */
  writeFrame(number: number, bytes: Uint8Array): void {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(bytes.length)
    this.write(number, length)
    this.write(number, bytes)
  }

  /** A bucket's frames in the order in which they were written; each holds until the next. */
  *frames(number: number): Generator<Buffer> {
    let rest: Buffer = Buffer.alloc(0)
    for (const part of this.read(number)) {
      rest = rest.length === 0 ? part : Buffer.concat([rest, part])
      let at = 0
      while (at + 4 <= rest.length && at + 4 + rest.readUInt32LE(at) <= rest.length) {
        const end = at + 4 + rest.readUInt32LE(at)
        yield rest.subarray(at + 4, end)
        at = end
      }
      rest = rest.subarray(at)
    }
  }

  close(): void {
    closeSync(this.#file)
    this.#buckets.clear()
  }

  #bucket(number: number): Bucket {
    let bucket = this.#buckets.get(number)
    if (bucket === undefined) {
      bucket = { blocks: [], open: undefined, used: 0 }
      this.#buckets.set(number, bucket)
    }
    return bucket
  }

  #close(bucket: Bucket): void {
    const at = this.#blocks * blockBytes
    const written = withRoom(() => writeSync(this.#file, bucket.open!, 0, blockBytes, at))
    if (written !== blockBytes) throw new Error(`${tmpdir()} has no more room: ${wayOut}`)
    bucket.blocks.push(this.#blocks)
    bucket.open = undefined
    bucket.used = 0
    this.#blocks += 1
  }
}

const wayOut = 'set TMPDIR to a folder that can be written and has room'

function withRoom<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new Error(`temporary files cannot be written to ${tmpdir()} (${(error as Error).message}): ${wayOut}`)
  }
}
