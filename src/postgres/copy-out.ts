/** COPY ... TO STDOUT over the client's own connection: rows as bytes, far quicker than rows as objects. */
import type pg from 'pg'
import { binaryCopyStart, copySignature } from './binary-copy.ts'

/** What pg calls on whatever it was given to run; not among its documented names, held by tests. */
interface Running {
  /** pg puts one there to end its timer by. */
  callback?: (error?: Error) => void
  submit(connection: { query(text: string): void }): void
  handleCopyData(message: { readonly chunk: Buffer }): void
  handleCommandComplete(): void
  handleReadyForQuery(): void
  handleError(error: Error): void
}

/**
 * Hands over the rows of a query in PostgreSQL's binary format. What is handed over holds until `take` returns; the
 * server sends no faster than that.
 * @param take gets a row's bytes and where its first field begins: four bytes of length (-1 = null), then the value.
 * @returns how many rows there were.
 */
export function copyOut(client: pg.Client, select: string, take: (bytes: Buffer, at: number) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    let rows = 0
    let failure: Error | undefined
    const running: Running = {
      submit: connection => connection.query(`copy (${select}) to stdout (format binary)`),
      handleCopyData: ({ chunk }) => {
        if (failure !== undefined) return
        let at = 0
        if (rows === 0 && chunk.subarray(0, copySignature.length).equals(copySignature)) at = binaryCopyStart.length
        if (at === chunk.length || chunk.readInt16BE(at) === -1) return // the header alone, or the end
        try {
          take(chunk, at + 2)
          rows += 1
        } catch (error) {
          failure = error as Error // the rest has to be read all the same
        }
      },
      handleCommandComplete: () => {},
      handleReadyForQuery: () => {
        running.callback?.(failure)
        if (failure === undefined) resolve(rows)
        else reject(failure)
      },
      handleError: error => {
        failure ??= error
        running.callback?.(failure)
        reject(failure)
      },
    }
    client.query(running as never)
  })
}

/** The fields of a row, one after another. */
export class Fields {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  /** A bytea, a uuid or a text as its bytes; holds until `take` returns. Null is no bytes. */
  bytes(): Buffer {
    const length = Math.max(0, this.#bytes.readInt32BE(this.#at))
    this.#at += 4 + length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  text(): string {
    return this.bytes().toString('utf8')
  }

  /** A bigint, exact up to 2^53. */
  bigint(): number {
    return Number(this.bytes().readBigInt64BE(0))
  }
}
