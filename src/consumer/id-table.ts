/**
 * A set of 128-bit ids, each with the number of the segment it belongs to: open addressing in one typed array, 20 bytes
 * a slot. Whole segments leave at once by raising `oldest`; their slots are used again or dropped at the next rebuild.
 */
const slotWords = 5 // four of the id, one for the segment; segment 0 = the slot is empty
const loadMax = 0.7
const slotsMin = 16

export class IdTable {
  /** Ids of segments before this one count as gone. Segments are numbered from 1. */
  oldest = 1
  #slots = new Uint32Array(slotsMin * slotWords)
  #mask = slotsMin - 1
  #used = 0

  /**
   * Looks an id up, and remembers it when it is new.
   * @returns false when a living segment holds it already; nothing changes then.
   */
  claim(id: Uint32Array, at: number, segment: number): boolean {
    const w0 = id[at]!
    const w1 = id[at + 1]!
    const w2 = id[at + 2]!
    const w3 = id[at + 3]!
    const slots = this.#slots
    let free = -1
    let slot = w0 & this.#mask
    for (;;) {
      const base = slot * slotWords
      const held = slots[base + 4]!
      if (held === 0) {
        if (free < 0) {
          free = base
          this.#used += 1
        }
        break
      }
      if (held >= this.oldest) {
        if (slots[base] === w0 && slots[base + 1] === w1 && slots[base + 2] === w2 && slots[base + 3] === w3)
          return false
      } else if (free < 0) {
        free = base // of a segment that left; the search goes on, the id may stand behind it
      }
      slot = (slot + 1) & this.#mask
    }
    slots[free] = w0
    slots[free + 1] = w1
    slots[free + 2] = w2
    slots[free + 3] = w3
    slots[free + 4] = segment
    if (this.#used > (this.#mask + 1) * loadMax) this.#rebuild()
    return true
  }

  /** Keeps the living ids only, in a table at most half full of them. */
  #rebuild(): void {
    const old = this.#slots
    let living = 0
    for (let base = 4; base < old.length; base += slotWords) if (old[base]! >= this.oldest) living += 1
    let capacity = slotsMin
    while (capacity < living * 2) capacity *= 2
    this.#slots = new Uint32Array(capacity * slotWords)
    this.#mask = capacity - 1
    this.#used = 0
    for (let base = 0; base < old.length; base += slotWords) {
      if (old[base + 4]! >= this.oldest) this.claim(old, base, old[base + 4]!)
    }
  }
}
