/** What `npm run bench` is told to measure. */
import { parseArgs } from 'node:util'
import { contestantNames, finalists } from './contestants.ts'

export const partNames = ['throughput', 'stages', 'latency', 'reads'] as const
export type PartName = (typeof partNames)[number]

export interface Options {
  readonly parts: readonly PartName[]
  readonly topics: readonly string[]
  readonly contestants: readonly string[]
  /** Topics on which all contestants meet; on the others it is us and the fastest of them. */
  readonly allOn: readonly string[]
  readonly rounds: number
  /** In a topic whose pairs recur; a fifth of it where none does. */
  readonly events: number
  readonly rates: readonly number[]
  /** Of each measurement of latency or of reads. */
  readonly seconds: number
  /** In the table that is read. */
  readonly rows: number
  /** Replaces bench/RESULTS.md and its charts. */
  readonly write: boolean
  /** Said in the results, as what else the machine did meanwhile. */
  readonly note: string
}

const full = {
  topics: 'hot,mid,uniq,hot-ids,mid-ids,uniq-ids,hot-lz4,hot-ids-lz4',
  contestants: contestantNames.join(),
  'all-on': 'hot',
  rounds: '5',
  events: '10000000',
  rates: '1000,10000,30000,50000',
  seconds: '20',
  rows: '1000000',
}
/** To see that all of it works. */
const quick = {
  topics: 'hot,uniq-ids',
  contestants: 'footfall,tuned-go',
  'all-on': 'hot',
  rounds: '1',
  events: '100000',
  rates: '1000',
  seconds: '4',
  rows: '100000',
}

export const usage = `npm run bench -- [options]: measures Footfall beside its rivals, on a Kafka and a PostgreSQL of its own.

  --parts ${partNames.join()}
  --topics ${full.topics}; each may end in -lz4
  --contestants ${full.contestants}
  --all-on ${full['all-on']}     topics on which all of these meet; on the others it is ${finalists.join(' and ')}
  --rounds ${full.rounds}  --events ${full.events}  --rates ${full.rates}  --seconds ${full.seconds}  --rows ${full.rows}
  --quick          small counts, to see that all of it works: ${quick.events} events, ${quick.contestants}
  --write          replaces bench/RESULTS.md and bench/charts with what was measured last, this time or before
  --render         measures nothing: only writes
  --note TEXT      stands in the results: what else the machine did meanwhile
`

/** @throws with words for whoever typed it. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values: given } = parseArgs({
    args: [...args],
    options: {
      ...{ parts: text, topics: text, contestants: text, rounds: text, events: text, rates: text, seconds: text },
      ...{ rows: text, note: text, 'all-on': text, quick: flag, write: flag, render: flag, help: flag },
    },
  })
  if (given.help) return 'help'
  const asked = { ...(given.quick ? quick : full), ...given }
  const parts = given.render ? [] : list(given.parts ?? partNames.join())
  for (const part of parts) {
    if (!(partNames as readonly string[]).includes(part)) throw new Error(`--parts ${part}: ${partNames.join(', ')}`)
  }
  for (const name of list(asked.contestants)) {
    if (!contestantNames.includes(name)) throw new Error(`--contestants ${name}: ${contestantNames.join(', ')}`)
  }
  return {
    parts: parts as PartName[],
    topics: list(asked.topics),
    contestants: list(asked.contestants),
    allOn: list(asked['all-on']),
    rounds: whole('rounds', asked.rounds),
    events: whole('events', asked.events),
    rates: list(asked.rates).map(rate => whole('rates', rate)),
    seconds: whole('seconds', asked.seconds),
    rows: whole('rows', asked.rows),
    write: given.write || given.render,
    note: given.note ?? '',
  }
}

const list = (text: string): string[] => text.split(',').filter(Boolean)

function whole(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} ${text}: a whole number from 1`)
  return value
}
