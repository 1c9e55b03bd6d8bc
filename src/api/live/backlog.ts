/**
 * The latest events of the stream, numbered, so that whoever lost the connection for a moment gets what was missed and
 * nothing else. An id is of this process: after a restart none is known, and everybody begins anew. Pure.
 */

export interface Backlog {
  /** @returns the event as it goes out. */
  add(name: string, text: string, nowMs: number): Buffer
  /** An event that is not kept, with the id of the latest that is, or with none. */
  beside(name: string, text: string, hasId: boolean): Buffer
  /** @returns all that came after this id; undefined: it is not remembered. */
  since(id: string | undefined, nowMs: number): Buffer | undefined
}

interface Kept {
  readonly number: number
  readonly bytes: Buffer
  readonly ms: number
}

/** Somebody who is away for longer has lost the thread of a chart of two minutes anyway. */
const keptMs = 60_000
/** With thousands of partitions a state has megabytes. */
const bytesMax = 4 * 1024 * 1024

/** @param process a name that no other process has, of letters and digits. */
export function createBacklog(process: string): Backlog {
  const kept: Kept[] = []
  let bytesKept = 0
  let last = 0
  const forget = (nowMs: number) => {
    while (kept.length > 0 && (nowMs - kept[0]!.ms > keptMs || bytesKept > bytesMax)) {
      bytesKept -= kept.shift()!.bytes.length
    }
  }
  return {
    add(name, text, nowMs) {
      last += 1
      const bytes = eventOf(`${process}-${last}`, name, text)
      kept.push({ number: last, bytes, ms: nowMs })
      bytesKept += bytes.length
      forget(nowMs)
      return bytes
    },
    beside: (name, text, hasId) => eventOf(hasId ? `${process}-${last}` : undefined, name, text),
    since(id, nowMs) {
      forget(nowMs)
      const [name, number] = /^([a-z0-9]+)-(\d{1,15})$/.exec(id ?? '')?.slice(1) ?? []
      const from = kept.findIndex(event => name === process && event.number === Number(number))
      return from === -1 ? undefined : Buffer.concat(kept.slice(from + 1).map(({ bytes }) => bytes))
    },
  }
}

/** JSON has no line breaks but escaped ones, so the data is one line. */
function eventOf(id: string | undefined, name: string, text: string): Buffer {
  return Buffer.from(`${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${text}\n\n`)
}
