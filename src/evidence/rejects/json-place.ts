/** Where in a JSON text a pointer leads, or where the text stops being JSON. Pure. */

/** [from, to) in UTF-16 code units. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** Deeper than any event; what is deeper has no place that is worth marking. */
const depthMax = 500

/**
 * @param pointer RFC 6901. @returns the value that it leads to, the last of several members of one name; where there is
 * none, the end of the whole value: that is where it is missing. In a text that is no JSON, the character that cannot
 * stand there. undefined: nowhere.
 */
export function placeOf(text: string, pointer: string): Span | undefined {
  const wanted = pointer
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  try {
    return new Scan(text, wanted).place()
  } catch (error) {
    if (!(error instanceof Broken)) throw error
    return error.at === undefined ? undefined : { from: error.at, to: error.at + 1 }
  }
}

class Broken extends Error {
  readonly at: number | undefined

  constructor(at: number | undefined) {
    super()
    this.at = at
  }
}

class Scan {
  readonly #text: string
  readonly #wanted: readonly string[]
  #at = 0
  #found: Span | undefined

  constructor(text: string, wanted: readonly string[]) {
    this.#text = text
    this.#wanted = wanted
  }

  place(): Span {
    this.#value(0, 0)
    const end = this.#at
    this.#blank()
    if (this.#at < this.#text.length) throw new Broken(this.#at)
    return this.#found ?? { from: Math.max(0, end - 1), to: end }
  }

  /** @param matched how many parts of the pointer lead here; -1: none does. */
  #value(matched: number, depth: number): void {
    if (depth > depthMax) throw new Broken(undefined)
    this.#blank()
    const from = this.#at
    const first = this.#text[from]
    if (first === '{') this.#members(matched, depth)
    else if (first === '[') this.#items(matched, depth)
    else if (first === '"') this.#string()
    else this.#take(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y)
    if (matched === this.#wanted.length) this.#found = { from, to: this.#at }
  }

  #members(matched: number, depth: number): void {
    this.#at += 1
    this.#blank()
    if (this.#text[this.#at] === '}') {
      this.#at += 1
      return
    }
    for (;;) {
      this.#blank()
      const from = this.#at
      this.#string()
      const name = JSON.parse(this.#text.slice(from, this.#at)) as string
      this.#blank()
      this.#take(/:/y)
      this.#child(name, matched, depth)
      if (this.#ends('}')) return
    }
  }

  #items(matched: number, depth: number): void {
    this.#at += 1
    this.#blank()
    if (this.#text[this.#at] === ']') {
      this.#at += 1
      return
    }
    for (let index = 0; ; index++) {
      this.#child(String(index), matched, depth)
      if (this.#ends(']')) return
    }
  }

  #child(name: string, matched: number, depth: number): void {
    const isWanted = matched >= 0 && this.#wanted[matched] === name
    if (isWanted) this.#found = undefined // an earlier member of this name does not count any more
    this.#value(isWanted ? matched + 1 : -1, depth + 1)
  }

  #ends(closing: string): boolean {
    this.#blank()
    const next = this.#text[this.#at]
    if (next !== ',' && next !== closing) throw new Broken(this.#at)
    this.#at += 1
    return next === closing
  }

  #string(): void {
    const from = this.#at
    if (this.#text[from] !== '"') throw new Broken(from)
    // Of the control characters JSON forbids those below the blank only.
    const inside = /(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})){0,1000}/uy
    this.#at += 1
    for (let before = -1; before !== this.#at; ) {
      before = this.#at
      inside.lastIndex = this.#at
      inside.exec(this.#text)
      this.#at = Math.max(this.#at, inside.lastIndex)
    }
    if (this.#text[this.#at] !== '"') throw new Broken(this.#at)
    this.#at += 1
  }

  #blank(): void {
    while (this.#at < this.#text.length && ' \t\n\r'.includes(this.#text[this.#at]!)) this.#at += 1
  }

  #take(what: RegExp): void {
    what.lastIndex = this.#at
    if (!what.test(this.#text)) throw new Broken(this.#at)
    this.#at = what.lastIndex
  }
}
