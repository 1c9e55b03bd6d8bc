/** Which records were rejected and may be repaired, and which of them were: the contract's words, slowly. */
import type { LogRecord } from '../support/encode-log.ts'
import { of } from './answer.ts'

export class PlainOrigins {
  readonly #repaired = new Map<number, boolean>()
  /** In the order of the log. */
  readonly #offsets: number[] = []

  add(offset: number): void {
    this.#offsets.push(offset)
    this.#repaired.set(offset, false)
  }

  repair(offset: number): void {
    this.#repaired.set(offset, true)
  }

  isRepaired(offset: number): boolean {
    return this.#repaired.get(offset) === true
  }

  /** Up to `max` of them, from an offset on. */
  from(offset: number, max: number): (readonly [number, boolean])[] {
    let at = this.#offsets.length
    while (at > 0 && this.#offsets[at - 1]! >= offset) at -= 1
    return this.#offsets.slice(at, at + max).map(one => [one, this.#repaired.get(one)!] as const)
  }

  /**
   * What the last header of that name says.
   * @returns the offset of the rejected record; 'nowhere' when there is none such; undefined without a header.
   */
  named(headers: LogRecord['headers'], offset: number): number | 'nowhere' | undefined {
    const value = headers.findLast(([name]) => name === 'footfall-origin')?.[1]
    if (value === undefined || value === null) return undefined
    const prefix = `${of.topicId}/${of.partition}/${of.lineage}/`
    const text = value.toString('latin1')
    const named = Number(text.slice(prefix.length))
    const isOne = text === `${prefix}${named}` && named < offset && this.#repaired.has(named)
    return isOne ? named : 'nowhere'
  }
}
