/** How reads are shown. */
import { by, grouped, leftOutList, type Section, table } from './markdown.ts'
import type { Reading, ReadKind, Reads } from './reads.ts'
import { median } from './rounds.ts'

const kinds: Readonly<Record<ReadKind, string>> = {
  plain: 'plain',
  etag: 'asked again with its ETag, answered 304',
  writes: 'while a consumer counts 10,000 events/s',
}

export function readsSection({ users, rows, rounds, readings, leftOut }: Reads): Section {
  const groups = by(readings, one => one.kind).map(([kind, ofKind]) => ({
    label: kinds[kind as ReadKind],
    readers: by(ofKind, one => one.reader),
  }))
  const head = ['reader', 'requests/s', 'of ours', 'p50 ms', 'p99 ms', 'CPU ms/1,000', 'peak MB', 'failed']
  const tables = groups.map(({ label, readers }) => {
    const ours = readers.find(([name]) => name === 'footfall')?.[1]
    const lines = readers.map(([name, own]) => [
      name,
      grouped(of(own, 'perSecond')),
      ours === undefined ? '' : `${(of(own, 'perSecond') / of(ours, 'perSecond')).toFixed(2)} x`,
      of(own, 'p50Ms').toFixed(1),
      of(own, 'p99Ms').toFixed(1),
      of(own, 'cpuMsPerThousand').toFixed(0),
      grouped(of(own, 'peakMegabytes')),
      grouped(own.reduce((sum, { failed }) => sum + failed, 0)),
    ])
    return `### ${label}\n\n${table(head, lines)}`
  })
  const text = `## Reads

\`GET /api/user-activity-summary/{user_id}\` for random users of ${grouped(users)}, ${grouped(rows)} rows in the table, 64 connections of wrk on the same machine; medians; rounds: ${rounds}. Every reader is asked once before whether its answer is right.

![Reads](charts/reads.svg)

${tables.join('\n\n')}${leftOutList(leftOut)}`
  const chart = {
    title: 'Reads per second',
    note: '64 connections. More is better',
    groups: groups.map(({ label, readers }) => ({
      label,
      bars: readers.map(([name, own]) => {
        const value = of(own, 'perSecond')
        return { label: name, value, text: grouped(value) }
      }),
    })),
  }
  return { text, charts: { 'reads.svg': chart } }
}

const of = (own: readonly Reading[], figure: 'perSecond' | 'p50Ms' | 'p99Ms' | 'peakMegabytes' | 'cpuMsPerThousand') =>
  median(own.map(one => one[figure]))
