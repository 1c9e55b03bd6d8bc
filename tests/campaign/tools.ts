/** The tools of the campaign: what each shows, how it is run at full size, and what must be reached. */

export interface Goal {
  /** A figure of the reports, summed over them. */
  readonly figure: string
  readonly least?: number
  readonly most?: number
}

export interface Tool {
  readonly name: string
  readonly shows: string
  /** Each run has a seed of its own, unless the tool takes none. */
  readonly isSeeded: boolean
  /** The flags of each run, but --seed and --report. */
  readonly runs: readonly (readonly string[])[]
  readonly goals: readonly Goal[]
}

export const tools: readonly Tool[] = [
  {
    name: 'simulate',
    isSeeded: true,
    shows:
      'The consumer’s core on a simulated log and store: crashes at any await, lost COMMIT answers, zombies, rebalances, redelivery, trims, truncations. The ledger is checked after every commit, the counts against a naive recount at the end.',
    runs: Array.from({ length: 5 }, () => ['--count', '1000000']),
    goals: [
      { figure: 'schedules', least: 5_000_000 },
      { figure: 'failures', most: 0 },
    ],
  },
  {
    name: 'chaos',
    isSeeded: true,
    shows:
      'A real Kafka, a real PostgreSQL and consumers as processes, killed, stopped, cut off and filled up by a seeded schedule, while a poller reads ledger and API. At the end every acknowledged event is counted once, and `verify` proves it.',
    runs: [['--schedules', '60']],
    goals: [
      { figure: 'schedules', least: 60 },
      { figure: 'acknowledged events', least: 5_000_000 },
      { figure: 'lost', most: 0 },
      { figure: 'double', most: 0 },
      { figure: 'invented', most: 0 },
      { figure: 'ledger breaks', most: 0 },
      { figure: 'wrong answers of the API', most: 0 },
      { figure: 'promises broken', most: 0 },
      { figure: 'faults', least: 360 },
    ],
  },
  {
    name: 'fuzz',
    isSeeded: true,
    shows:
      'Records drawn by JSON’s grammar and broken, between good ones in record batches of every codec, read by the consumer’s fold, by the recount of `verify` and by a third judge that shares no code with either.',
    runs: Array.from({ length: 5 }, () => ['--count', '2000000']),
    goals: [
      { figure: 'fuzzed records', least: 10_000_000 },
      { figure: 'records judged otherwise, lost or not kept byte for byte', most: 0 },
    ],
  },
  {
    name: 'two-folds',
    isSeeded: true,
    shows:
      'The consumer’s fold with its kernel, as it is shipped, beside the plain one that reads every record with the judge, on the same record batches: good events written in many ways, edited byte by byte, in windows whose edges are met all the time. Everything that would be settled is equal: fates, days, counts, ids, rejects, repairs, clock, tail and what becomes of the window.',
    runs: [['--count', '50000000']],
    goals: [
      { figure: 'records folded twice', least: 50_000_000 },
      { figure: 'logs of which the two folds made something else', most: 0 },
    ],
  },
  {
    name: 'moments',
    shows:
      'Rare moments on a real Kafka and a real PostgreSQL, each by the dozen with other timing: a consumer stopped after each statement of its settle, a partition taken over in the middle of one, a session lost during COMMIT, a log truncated and grown again, a topic created again. Each try is held against a plain recount, and an outcome that was never hit is a failure.',
    isSeeded: true,
    runs: [['--times', '48']],
    goals: [
      { figure: 'tries', least: 240 },
      { figure: 'wrong counts, missed deadlines and outcomes never hit', most: 0 },
    ],
  },
  {
    name: 'limits',
    isSeeded: false,
    shows:
      'Loads beyond what can be written: ten times what PostgreSQL takes, PostgreSQL stopped for a minute, nine in ten events of one key, nothing but bad records up to a megabyte each, one hot partition. Memory and the lag of a healthy partition stay within bounds, and the counts are right afterwards.',
    runs: [[]],
    goals: [
      { figure: 'loads', least: 5 },
      { figure: 'wrong counts, bounds of memory or time broken', most: 0 },
    ],
  },
  {
    name: 'mutants',
    isSeeded: false,
    shows:
      'Small defects planted one by one into a copy of the core and its SQL. Each must be found by the simulator or the tests; one that survives is a hole in them. Ablations: without the fence, counts go wrong although ids are known; without ids, nothing is found where every event has its own.',
    runs: [[]],
    goals: [
      { figure: 'planted bugs', least: 40 },
      { figure: 'survived', most: 0 },
      { figure: 'ablations', least: 3 },
      { figure: 'ablations that ended otherwise than they must', most: 0 },
    ],
  },
]
