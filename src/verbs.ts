/** What `./footfall` can do: each verb, its flags, what its help says, and the one room that does it. */
import { createInterface } from 'node:readline/promises'
import { commit, version } from './runtime/build.ts'
import { type Config, loadConfig, type Source, WrongSettings } from './runtime/config.ts'
import { type Running, runUntilStopped } from './runtime/lifecycle.ts'
import { createLog, type Log } from './runtime/log.ts'

export type Flags = Readonly<Record<string, string | boolean | undefined>>

interface Flag {
  readonly type: 'string' | 'boolean'
  /** How its value is called in the help. */
  readonly value?: string
  readonly about: string
}

export interface Verb {
  /** One line of `--help`. */
  readonly about: string
  /** What `VERB --help` says besides. */
  readonly more: string
  /** What it takes besides flags, as its help shows it; a verb without this takes nothing. */
  readonly takes?: string
  readonly flags: Readonly<Record<string, Flag>>
  /** @param words what was given besides flags. @returns the exit code. */
  readonly run: (flags: Flags, words: readonly string[]) => Promise<number>
}

/** A flag or a verb that there is not, or that cannot be so. */
export class WrongUse extends Error {}

/** After its supervisor's end a role stops in order within 8 s; one that hangs before it runs leaves all the same. */
const orphanDeadlineMs = 10_000

const json: Flag = { type: 'boolean', about: 'for programs' }
const yes: Flag = { type: 'boolean', about: 'do not ask' }

export const verbs: Readonly<Record<string, Verb>> = {
  start: {
    about: 'the whole system on this machine; the same as npm start',
    more: [
      'Starts a Kafka and a PostgreSQL of its own (needs Java 17 or newer, and Maven once), then producer, consumer and',
      'api as processes. With KAFKA_BOOTSTRAP_SERVERS or POSTGRES_HOST set, that one is used instead. Ctrl-C stops',
      'everything; data and logs stay in .footfall, and the next start goes on from there.',
    ].join('\n'),
    flags: {
      simulate: { type: 'boolean', about: 'send seeded and simulated events also to a Kafka of your own' },
    },
    run: async ({ simulate }) => {
      const { start } = await import('./stack/stack.ts')
      await start(loadConfig(), { simulate: simulate === true })
      return 0
    },
  },
  producer: {
    about: 'sends simulated events to Kafka until it is stopped',
    more: [
      'A population of users looks at items, clicks and buys. Without --count the seeded user comes first. The same',
      '--seed sends the same events again, which are all counted as duplicates:',
      '  ./footfall producer --rate 1000 --count 5000 --seed demo',
      'Set HEALTH_PORT to watch it by HTTP: /livez, /readyz, /metrics.',
    ].join('\n'),
    flags: {
      rate: { type: 'string', value: 'N', about: 'events a second, 0.1 to 100000 (PRODUCER_EVENT_RATE)' },
      count: { type: 'string', value: 'N', about: 'send so many and end; with --rate 0 as fast as Kafka takes them' },
      seed: { type: 'string', value: 'TEXT', about: 'makes the run repeatable' },
      users: { type: 'string', value: 'N', about: 'users in the population (PRODUCER_USERS)' },
      items: { type: 'string', value: 'N', about: 'items they look at (PRODUCER_ITEMS)' },
    },
    run: async flags => {
      const config = loadConfig(
        overrides(flags, { rate: 'PRODUCER_EVENT_RATE', users: 'PRODUCER_USERS', items: 'PRODUCER_ITEMS' }),
      )
      const count = wholeNumber(flags, 'count')
      const { startProducer } = await import('./producer/producer.ts')
      const seed = typeof flags['seed'] === 'string' ? { seed: flags['seed'] } : {}
      return runRole('producer', config, log =>
        startProducer(config, log, { ...seed, ...(count !== undefined && { count }) }),
      )
    },
  },
  consumer: {
    about: 'counts the events of Kafka in PostgreSQL; start more of them to share the partitions',
    more: 'Every record counts exactly once, whatever is killed meanwhile. Set HEALTH_PORT to watch it\nby HTTP: /livez, /readyz, /metrics.',
    flags: {},
    run: async () => {
      const config = loadConfig()
      const { startConsumer } = await import('./consumer/consumer.ts')
      return runRole('consumer', config, log => startConsumer(config, log))
    },
  },
  api: {
    about: 'answers the counts by HTTP',
    more: 'Listens on API_HOST and API_PORT; /docs shows what it answers.',
    flags: {},
    run: async () => {
      const config = loadConfig()
      const { startApi } = await import('./api/api.ts')
      return runRole('api', config, log => startApi(config, log))
    },
  },
  setup: {
    about: 'creates or checks topic and tables; changes nothing that is there, unless it is told to',
    more: [
      'The roles do the same when they start, as far as their rights allow. Exit code 1: the settings are not the rules',
      'that the counts are made under, or nothing was changed because the answer was no.',
      'Counting begins at the earliest record. --start-at says otherwise, as long as nothing is counted.',
    ].join('\n'),
    flags: {
      'change-rules': { type: 'boolean', about: 'put the rules of the settings in force for what comes, after asking' },
      'start-at': {
        type: 'string',
        value: 'WHERE',
        about: 'begin to count at latest, earliest, a time (2026-01-31T00:00:00Z) or offsets (0:120,1:0), after asking',
      },
      yes,
      json,
    },
    run: async flags => {
      const config = loadConfig()
      if (flags['change-rules'] === true && flags['start-at'] !== undefined) {
        throw new WrongUse('--change-rules and --start-at are two decisions: one after the other')
      }
      if (flags['change-rules'] === true) return changeRules(config, flags)
      if (typeof flags['start-at'] === 'string') return startAt(config, flags, flags['start-at'])
      const { setup, setupText } = await import('./upkeep/setup/setup.ts')
      const report = await setup(config)
      say(flags['json'] === true ? JSON.stringify(report) : setupText(report))
      return report.refusal === null ? 0 : 1
    },
  },
  status: {
    about: 'where every partition stands: positions, fates, lag, halts; rejects by reason',
    more: 'Exit code 1: a partition is halted, or Kafka does not answer.',
    flags: { json },
    run: async flags => {
      const [{ readStatus, isWell }, { statusText }] = await Promise.all([
        import('./upkeep/status/status.ts'),
        import('./upkeep/status/text.ts'),
      ])
      const status = await readStatus(loadConfig())
      say(flags['json'] === true ? JSON.stringify(status) : statusText(status))
      return isWell(status) ? 0 : 1
    },
  },
  partitions: {
    about: 'what halted a partition and the ways out; resume ends a halt',
    more: [
      'Without more it lists the partitions: for each halted one the reason, and the commands that end this halt with',
      'what each does. resume shows what it will do and asks. Running consumers go on by themselves within seconds.',
      '  ./footfall partitions resume 3                       goes on where it stands: the cause was mended',
      '  ./footfall partitions resume 3 --accept-loss 30-60   declares offsets 30 to 59 lost, goes on at 60',
      '  ./footfall partitions resume all --new-lineage       begins anew in a log that is not the one counted',
      'Exit code 1: a partition is halted; or it cannot be resumed so, or was changed meanwhile.',
    ].join('\n'),
    takes: '[resume all|PARTITION...]',
    flags: {
      'accept-loss': {
        type: 'string',
        value: 'FROM-TO',
        about: 'from where it stands to the first offset to read again',
      },
      'new-lineage': { type: 'boolean', about: 'closes the counted history and begins the next' },
      note: { type: 'string', value: 'TEXT', about: 'why, for those who come later; it is recorded with who and when' },
      yes,
      json,
    },
    run: partitions,
  },
  verify: {
    about: 'proves that what PostgreSQL holds is what the log says, while counting goes on',
    more: [
      'Recounts the log up to exactly the positions of one snapshot, by code that shares nothing with the consumer, and',
      'compares rows, fates, rejects and remembered ids. Every difference is shown with what is stored, what is expected',
      'and the records behind it. Joins no group, commits nothing; writes only to temporary files, and a checkpoint.',
      'Exit code 0: proven; 1: something differs, or cannot be proven (--json has which: verdict); 2: wrong use.',
    ].join('\n'),
    flags: {
      date: { type: 'string', value: 'D', about: 'only the rows of a day, such as 2026-01-31' },
      user: { type: 'string', value: 'U', about: 'only the rows of a user' },
      partition: { type: 'string', value: 'P', about: 'only fates, rejects and ids of a partition; proves no rows' },
      json,
    },
    run: async flags => {
      const [{ parseScope, verify }, { progressText, verifyText }] = await Promise.all([
        import('./evidence/verify.ts'),
        import('./evidence/verify-text.ts'),
      ])
      const scope = parseScope({
        date: text(flags, 'date'),
        user: text(flags, 'user'),
        partition: text(flags, 'partition'),
      })
      if (typeof scope === 'string') throw new WrongUse(`verify: ${scope}`)
      const line = statusLine()
      const report = await verify(loadConfig(), scope, progress => line.show(progressText(progress))).finally(
        line.clear,
      )
      say(flags['json'] === true ? JSON.stringify(report) : verifyText(report))
      return report.verdict === 'proven' ? 0 : 1
    },
  },
  trace: {
    about: 'follows an event: where each copy of it lies, what became of it, and why',
    more: [
      'By position it reads one record and what PostgreSQL says of it. An event id that the window remembers is found at',
      'once as well; for anything else the log is looked through, newest first, as far as the time allows, and it says how',
      'far. Joins no group, changes nothing.',
      '  ./footfall trace --position 0:120',
      '  ./footfall trace --user 11111111-1111-1111-1111-111111111111 --event-id seed-2026-01-31-1',
      '  ./footfall trace --user 11111111-1111-1111-1111-111111111111 --seconds 120',
      'The fates: counted, duplicate, rejected, skipped, lost. Others say why there is none, or none to tell: waiting,',
      'before start, beyond end, no such partition; trimmed, truncated, closed, untold (docs/operating.md).',
      'Exit code 1: no such record, or nothing can be told of it any more.',
    ].join('\n'),
    flags: {
      position: { type: 'string', value: 'P:O', about: 'partition and offset' },
      user: { type: 'string', value: 'U', about: 'every record of a user' },
      'event-id': { type: 'string', value: 'E', about: 'of that user, only this event' },
      seconds: { type: 'string', value: 'N', about: 'look through the log for so long at most (30)' },
      limit: { type: 'string', value: 'N', about: 'show so many copies at most (100)' },
      json,
    },
    run: traceEvent,
  },
  explain: {
    about: 'explains one number: the events behind it, with their positions',
    more: [
      'Reads one row of the table and, up to the positions of the same snapshot, the log of all partitions, as far as events',
      'of that day can lie in it. The events add up to the number, or it says what is missing and why. DATE is a UTC day.',
      '  ./footfall explain 11111111-1111-1111-1111-111111111111 aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa 2026-01-31',
      'Exit code 1: there is no such number, or the events that were found do not add up to it.',
    ].join('\n'),
    takes: 'USER ITEM DATE',
    flags: {
      seconds: { type: 'string', value: 'N', about: 'look through the log for so long at most (30)' },
      limit: { type: 'string', value: 'N', about: 'show so many events at most (100)' },
      json,
    },
    run: explainNumber,
  },
  doctor: {
    about: 'checks machine, settings, Kafka, topic, Postgres and rights, and says how to mend each',
    more: 'Exit code 1: something is wrong; 2: a setting is.',
    flags: { json },
    run: async flags => {
      const { examineAll, doctorText } = await import('./upkeep/doctor/doctor.ts')
      const findings = await examineAll(loadConfig())
      say(flags['json'] === true ? JSON.stringify(findings) : doctorText(findings))
      return findings.some(({ verdict }) => verdict === 'wrong') ? 1 : 0
    },
  },
  reset: {
    about: "removes the embedded stack's data and logs, after asking",
    more: 'Refuses while a stack runs over them. A Kafka or PostgreSQL of your own is never touched.',
    flags: { yes },
    run: async ({ yes }) => {
      const { reset } = await import('./stack/reset.ts')
      const done = await reset(
        loadConfig(),
        async paths => yes === true || (await confirmed(`Remove ${paths.join(', ')}, with all counts and events?`)),
      )
      if (done === undefined) say('Nothing was removed.')
      else say(done.removed.length === 0 ? 'There is no data.' : `Removed: ${done.removed.join(', ')}`)
      return done === undefined ? 1 : 0
    },
  },
}

async function changeRules(config: Config, flags: Flags): Promise<number> {
  const [{ planRules, carryOutRules }, { rulesPlanText, rulesChangeText }] = await Promise.all([
    import('./upkeep/setup/change-rules.ts'),
    import('./upkeep/setup/change-rules-text.ts'),
  ])
  const plan = await planRules(config)
  if (plan === undefined)
    return tell(
      flags,
      { changed: false },
      'Nothing to change: the rules are those of the settings, or none are recorded yet.',
    )
  if (!(await agreed(flags, rulesPlanText(plan), 'Change the rules?'))) return 1
  const change = await carryOutRules(config, plan)
  return tell(flags, { changed: true, ...change }, rulesChangeText(change))
}

async function partitions(flags: Flags, words: readonly string[]): Promise<number> {
  const { parseRequest } = await import('./upkeep/partitions/request.ts')
  const request = parseRequest(words, flags)
  if (typeof request === 'string') throw new WrongUse(request)
  const config = loadConfig()
  const { partitionsText, stepsText } = await import('./upkeep/partitions/text.ts')
  if (request === undefined) {
    const { readPartitions } = await import('./upkeep/partitions/partitions.ts')
    const report = await readPartitions(config)
    tell(flags, report, partitionsText(report))
    return report.partitions.some(({ halt }) => halt !== null) ? 1 : 0
  }
  const { resume } = await import('./upkeep/partitions/resume.ts')
  const resumed = await resume(config, request, steps => agreed(flags, stepsText(steps), 'Do it?'))
  if (resumed === undefined) return 1
  tell(flags, resumed.steps, stepsText(resumed.steps))
  return resumed.isDone ? 0 : 1
}

async function traceEvent(flags: Flags): Promise<number> {
  const { parseTrace } = await import('./evidence/trace-request.ts')
  const words = { position: text(flags, 'position'), user: text(flags, 'user'), eventId: text(flags, 'event-id') }
  const request = parseTrace(words)
  if ('wrong' in request) {
    const flag = request.wrong === 'eventId' ? 'event-id' : request.wrong
    throw new WrongUse(`trace: --${flag} must be ${request.allowed}`)
  }
  const [{ isFound, trace }, { defaultLimit, defaultSeconds }, { traceText }, { withTools }] = await Promise.all([
    import('./evidence/trace.ts'),
    import('./evidence/trace-report.ts'),
    import('./evidence/trace-text.ts'),
    import('./evidence/trace-tools.ts'),
  ])
  const limit = wholeNumber(flags, 'limit') ?? defaultLimit
  const line = statusLine()
  const progress = (done: number, of: number) => line.show(`${done} of ${of} records`)
  const seconds = wholeNumber(flags, 'seconds')
  const options = { seconds: seconds ?? defaultSeconds, isThorough: seconds !== undefined, limit, progress }
  const report = await withTools(loadConfig(), 'trace', tools => trace(tools, request, options)).finally(line.clear)
  tell(flags, report, traceText(report))
  return isFound(report) ? 0 : 1
}

async function explainNumber(flags: Flags, words: readonly string[]): Promise<number> {
  const [{ parseRow, explainText }, { explain }, { defaultLimit, defaultSeconds }, { withTools }] = await Promise.all([
    import('./evidence/explain-report.ts'),
    import('./evidence/explain.ts'),
    import('./evidence/trace-report.ts'),
    import('./evidence/trace-tools.ts'),
  ])
  const [user, item, date, ...others] = words
  if (user === undefined || item === undefined || date === undefined || others.length > 0) {
    throw new WrongUse('explain: give USER ITEM DATE')
  }
  const row = parseRow(user, item, date)
  if (row === 'date') throw new WrongUse(`explain: "${date}" is no day such as 2026-01-31`)
  if (typeof row === 'string') throw new WrongUse(`explain: the ${row} must be a UUID of the form 8-4-4-4-12`)
  const limit = wholeNumber(flags, 'limit') ?? defaultLimit
  const line = statusLine()
  const progress = (done: number, of: number) => line.show(`${done} of ${of} records`)
  const options = { seconds: wholeNumber(flags, 'seconds') ?? defaultSeconds, isThorough: true, limit, progress }
  const report = await withTools(loadConfig(), 'explain', tools => explain(tools, row, options)).finally(line.clear)
  tell(flags, report, explainText(report))
  return report.verdict === 'equal' && report.number !== null ? 0 : 1
}

async function startAt(config: Config, flags: Flags, words: string): Promise<number> {
  const [{ parseStartAt }, { setup }, { planStart, carryOutStart, startPlanText, startedText }] = await Promise.all([
    import('./upkeep/setup/start-words.ts'),
    import('./upkeep/setup/setup.ts'),
    import('./upkeep/setup/start-at.ts'),
  ])
  const at = parseStartAt(words)
  if (at === undefined) {
    throw new WrongUse(
      `--start-at is "${words}"; allowed: latest, earliest, a time such as 2026-01-31T00:00:00Z, or an offset of each ` +
        'partition as 0:120,1:0',
    )
  }
  if (at.kind === 'time' && at.ms > Date.now()) throw new WrongUse(`--start-at is "${words}", which is yet to come`)
  const { topic } = await setup(config)
  const plan = await planStart(config, topic, at)
  if (!(await agreed(flags, startPlanText(plan), 'Begin there?'))) return 1
  await carryOutStart(config, plan, words)
  return tell(flags, plan, startedText)
}

/** Flags that are settings, under the names of the settings. */
function overrides(flags: Flags, names: Readonly<Record<string, string>>): Source {
  return Object.fromEntries(
    Object.entries(names).flatMap(([flag, name]) => (typeof flags[flag] === 'string' ? [[name, flags[flag]]] : [])),
  )
}

function text(flags: Flags, name: string): string | undefined {
  const value = flags[name]
  return typeof value === 'string' ? value : undefined
}

/** A line on the terminal that is written over again and again; where there is none, nothing. */
function statusLine(): { show: (text: string) => void; clear: () => void } {
  const { stderr } = process
  let nextMs = 0
  return {
    show: text => {
      if (!stderr.isTTY || performance.now() < nextMs) return
      nextMs = performance.now() + 200
      stderr.write(`\r\x1b[K${text.slice(0, stderr.columns - 1)}`)
    },
    clear: () => {
      if (stderr.isTTY) stderr.write('\r\x1b[K')
    },
  }
}

function wholeNumber(flags: Flags, name: string): number | undefined {
  const text = flags[name]
  if (typeof text !== 'string') return undefined
  if (!/^\d{1,15}$/.test(text)) throw new WrongUse(`--${name} is "${text}"; allowed: a whole number from 0`)
  return Number(text)
}

async function runRole(name: string, config: Config, start: (log: Log) => Promise<Running>): Promise<number> {
  const log = createLog(name, config.logLevel)
  log('process_started', { version, commit, node: process.version, pid: process.pid })
  if (config.supervised)
    process.stdin.on('end', () => setTimeout(() => process.exit(1), orphanDeadlineMs).unref()).resume()
  let running: Running
  try {
    running = await start(log)
  } catch (error) {
    if (error instanceof WrongSettings) throw error
    log('process_not_started', { err: error })
    return 1
  }
  return runUntilStopped(running, log, config.supervised)
}

/** Shows what would be done and asks, unless `--yes` says so already. */
async function agreed(flags: Flags, plan: string, question: string): Promise<boolean> {
  if (flags['json'] !== true) say(plan)
  else if (flags['yes'] !== true) throw new WrongUse('--json asks nobody; to do it: --yes')
  if (flags['yes'] === true || (await confirmed(question))) return true
  say('Nothing was changed.')
  return false
}

/** The report for programs or for people. @returns 0 */
function tell(flags: Flags, report: object, text: string): number {
  say(flags['json'] === true ? JSON.stringify(report) : text)
  return 0
}

/** Asks on the terminal; anything but yes is a no. @throws WrongUse where there is no terminal. */
async function confirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new WrongUse('nobody is there to ask; to do it all the same: --yes')
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())
  } finally {
    terminal.close()
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
