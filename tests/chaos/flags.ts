/** What somebody typed after `npm run chaos --`, understood. Pure. */
import { parseArgs } from 'node:util'
import type { Campaign } from './campaign.ts'
import { faults } from './faults/faults.ts'

export interface Flags {
  readonly campaign: Omit<Campaign, 'isOver'>
  /** Whichever comes first ends it. */
  readonly minutes: number
  readonly schedules: number
  /** Where the report goes. */
  readonly report: string | undefined
  readonly isKept: boolean
}

const options = {
  seed: { type: 'string' },
  minutes: { type: 'string' },
  schedules: { type: 'string' },
  first: { type: 'string', default: '1' },
  faults: { type: 'string', default: '6' },
  events: { type: 'string', default: '85000' },
  rate: { type: 'string', default: '4500' },
  brokers: { type: 'string' },
  only: { type: 'string', multiple: true },
  report: { type: 'string' },
  keep: { type: 'boolean', default: false },
} as const

export const wrongUse = [
  'npm run chaos -- [--seed S] [--minutes M | --schedules N] [--report FILE]',
  '  --first K       begins with schedule K of the seed, to play one again: --seed S --first K --schedules 1',
  '  --faults N      faults in a schedule, 6',
  '  --only FAULT    only this fault; may be given several times',
  '  --brokers 1|3   always so many brokers; left out: drawn',
  '  --events N      at least so many are acknowledged in a schedule, 85000',
  '  --rate N        events a second, 4500',
  '  --keep          leaves the logs of a run that passed',
].join('\n')

const minutesDefault = 5

/** @param drawn the seed where none is given. @returns a text: what is wrong. */
export function parseFlags(args: readonly string[], drawn: string): Flags | string {
  let values: ReturnType<typeof parse>
  try {
    values = parse(args)
  } catch (error) {
    return (error as Error).message
  }
  for (const name of ['minutes', 'schedules', 'first', 'faults', 'events', 'rate'] as const) {
    if (values[name] !== undefined && !/^\d{1,9}$/.test(values[name])) return `--${name} is "${values[name]}"; a number`
  }
  const unknown = (values.only ?? []).filter(name => faults[name] === undefined)
  if (unknown.length > 0) return `no such fault: ${unknown.join(', ')}. There are: ${Object.keys(faults).join(', ')}`
  const brokers = ({ 1: 1, 3: 3 } as const)[values.brokers ?? '']
  if (values.brokers !== undefined && brokers === undefined) return `--brokers is "${values.brokers}"; 1 or 3`
  const {
    seed = drawn,
    schedules,
    minutes = schedules === undefined ? minutesDefault : Number.POSITIVE_INFINITY,
  } = values
  return {
    campaign: {
      seed,
      first: Number(values.first),
      wishes: { faults: Number(values.faults), brokers },
      only: values.only,
      load: { eventsPerSecond: Number(values.rate), events: Number(values.events) },
      wantsDisk: true,
    },
    minutes: Number(minutes),
    schedules: schedules === undefined ? Number.POSITIVE_INFINITY : Number(schedules),
    report: values.report,
    isKept: values.keep,
  }
}

const parse = (args: readonly string[]) => parseArgs({ args: [...args], options, strict: true }).values
