/** The topics that are measured: how many user/item pairs, with event ids or without, compressed or not. */

export interface Shape {
  /** `hot`, `mid` or `uniq`, then `-ids`, then `-lz4`. */
  readonly name: string
  readonly events: number
  /** Distinct user/item pairs, all on one day, and so the rows of the table; each occurs. */
  readonly pairs: number
  readonly ids: boolean
  readonly codec: 'none' | 'lz4'
}

/** An event of a new pair costs its row, so there are fewer of them. */
const uniqShare = 5

/** @param events of a topic whose pairs recur. @throws when the name is none. */
export function shapeOf(name: string, events: number): Shape {
  const [, kind, ids, lz4] = /^(hot|mid|uniq)(-ids)?(-lz4)?$/.exec(name) ?? []
  if (kind === undefined) {
    throw new Error(`"${name}" is no topic: hot, mid or uniq, then -ids, then -lz4, as in hot-ids-lz4`)
  }
  const count = kind === 'uniq' ? Math.max(1, Math.floor(events / uniqShare)) : events
  const pairs = kind === 'hot' ? 10_000 : kind === 'mid' ? 100_000 : count
  const codec = lz4 === undefined ? 'none' : 'lz4'
  return { name, events: count, pairs: Math.min(pairs, count), ids: ids !== undefined, codec }
}

/** A part of it for contestants that would take hours. */
export function smallShape(shape: Shape, events: number): Shape {
  const count = Math.min(events, shape.events)
  return { ...shape, name: `${shape.name}-small`, events: count, pairs: Math.min(shape.pairs, count) }
}
