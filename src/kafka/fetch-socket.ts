/**
 * A connection that fetches and does nothing else, to a broker that asks for neither TLS nor credentials. Each answer is
 * received where it stays, in one buffer of its own length. The client's connection receives pieces of 64 KiB, each in
 * new memory, and copies them together: that was half of all that a consumer did. Memory that is given back is used for
 * later answers: left to the collector, it was the reason for most of its work.
 */
import { connect, type Socket } from 'node:net'

/** In ms. */
export interface Times {
  readonly connectTimeout: number
  /** For an answer to be whole. */
  readonly requestTimeout: number
}

const lengthBytes = 4
const headBytes = 1 << 16
/** No broker sends more: whoever seems to does not speak Kafka's language. */
const answerBytesMax = 2 ** 30

export interface Answer {
  /** With the length before them, as they are on the wire. */
  readonly bytes: Buffer
  /** The bytes are of no more use: others may come to stand in their place. Need not be called. */
  readonly release: () => void
}

/** A release of something that several use: it is released when each of them has called its own, however often. */
export function inParts(parts: number, release: () => void): (() => void)[] {
  const using = new Set(Array.from({ length: parts }, (_, part) => part))
  return [...using].map(part => () => {
    if (using.delete(part) && using.size === 0) release()
  })
}

/** Of an answer with as much as the reader asks for, and what is around it. */
const spareBytes = (4 << 20) + (1 << 16)
const sparesMax = 3

export class FetchSocket {
  /** As which brokers know us. */
  readonly clientId: string
  /** Fails when the broker cannot be reached. */
  readonly opened: Promise<void>
  readonly #times: Times
  readonly #socket: Socket
  /** Where an answer begins: its length, and whatever of it comes along. */
  readonly #head = Buffer.allocUnsafeSlow(headBytes)
  #answer: Buffer | undefined
  readonly #spares: Buffer[] = []
  /** So many bytes are there: of the answer, or of the head while that does not say how long the answer is. */
  #length = 0
  #waiting: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void } | undefined
  #broken: Error | undefined

  constructor(clientId: string, times: Times, { host, port }: { readonly host: string; readonly port: number }) {
    this.clientId = clientId
    this.#times = times
    const onread = { buffer: () => this.#room(), callback: (length: number) => this.#receive(length) }
    this.#socket = connect({ host, port, noDelay: true, onread })
    this.#socket.on('error', error => this.#break(error))
    this.#socket.on('close', () => this.#break(new Error('the broker closed the connection')))
    this.#socket.once('connect', () => this.#end({ bytes: this.#head, release: () => {} }))
    this.opened = this.#wait(times.connectTimeout, `Connection to ${host}:${port} timed out.`).then(() => {})
  }

  get isOpen(): boolean {
    return this.#socket.readyState === 'open'
  }

  /**
   * One at a time.
   * @param request with its length before it, as it goes over the wire.
   * @throws when there is no answer: the connection is of no more use then.
   */
  ask(request: Buffer): Promise<Answer> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken)
    this.#socket.write(request)
    return this.#wait(this.#times.requestTimeout, 'Request timed out')
  }

  close(): void {
    this.#socket.destroy()
  }

  #wait(ms: number, overdue: string): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    this.#waiting = { resolve, reject }
    const timer = setTimeout(() => this.#socket.destroy(new Error(overdue)), ms)
    return promise.finally(() => clearTimeout(timer))
  }

  #end(answer: Answer): void {
    this.#waiting?.resolve(answer)
    this.#waiting = undefined
  }

  #break(error: Error): void {
    this.#broken ??= error
    this.#waiting?.reject(this.#broken)
    this.#waiting = undefined
  }

  /** Where the next bytes go. */
  #room(): Buffer {
    return (this.#answer ?? this.#head).subarray(this.#length)
  }

  /** @returns whether to read on. */
  #receive(length: number): boolean {
    this.#length += length
    if (this.#answer === undefined) {
      if (this.#length < lengthBytes) return true
      const bytes = lengthBytes + this.#head.readUInt32BE(0)
      if (this.#length > bytes || bytes > answerBytesMax || this.#waiting === undefined) {
        this.#socket.destroy(new Error(`the broker sent ${bytes} bytes that are no answer`))
        return false
      }
      this.#answer = this.#memory(bytes)
      this.#head.copy(this.#answer, 0, 0, this.#length)
    }
    if (this.#length === this.#answer.length) {
      const bytes = this.#answer
      this.#answer = undefined
      this.#length = 0
      this.#end({ bytes, release: () => this.#giveBack(bytes) })
    }
    return true
  }

  #memory(bytes: number): Buffer {
    if (bytes < headBytes || bytes > spareBytes) return Buffer.allocUnsafeSlow(bytes)
    return (this.#spares.pop() ?? Buffer.allocUnsafeSlow(spareBytes)).subarray(0, bytes)
  }

  #giveBack({ buffer }: Buffer): void {
    if (buffer.byteLength === spareBytes && this.#spares.length < sparesMax) this.#spares.push(Buffer.from(buffer))
  }
}
