/**
 * `npm run moments -- --seed S --times N`: rare moments on a real Kafka and a real PostgreSQL, each tried so many times
 * with other timing. Ends with 1 where a count is wrong, something takes longer than it may, or an outcome was not hit.
 * Flags: --seed, --times, --only NAME, --report FILE.
 */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { writeReport } from '../campaign/report.ts'
import { withSharedServers } from '../support/shared-servers.ts'
import { lostCommit } from './lost-commit.ts'
import type { Moment } from './moment.ts'
import { type Played, play } from './play.ts'
import { recreated } from './recreated.ts'
import { stopped } from './stopped.ts'
import { takenOver } from './taken-over.ts'
import { truncated } from './truncated.ts'

const moments: readonly Moment[] = [stopped, takenOver, lostCommit, truncated, recreated]

const { values: flags } = parseArgs({
  options: {
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    times: { type: 'string', default: '48' },
    only: { type: 'string' },
    report: { type: 'string' },
  },
})
const { seed, only } = flags
const times = Number(flags.times)
const chosen = moments.filter(({ name }) => only === undefined || name === only)
if (!Number.isSafeInteger(times) || times < 1) fail(`--times is "${flags.times}"; allowed: a whole number from 1`)
if (chosen.length === 0) fail(`--only is "${only}"; allowed: ${moments.map(({ name }) => name).join(', ')}`)

const startedMs = Date.now()
const say = (line: string) => process.stdout.write(`${line}\n`)
say(`seed ${seed}: ${chosen.length} moments, ${times} tries each`)
const played = await withSharedServers(async shared => {
  process.env['FOOTFALL_TESTS'] = JSON.stringify(shared)
  const all: (Played & { readonly moment: Moment })[] = []
  for (const moment of chosen) {
    say(`${moment.name}: ${moment.about}; over ${moment.span}`)
    const momentMs = Date.now()
    const one = await play(moment, seed, times)
    all.push({ ...one, moment })
    say(`  ${one.tally.tries} tries in ${Math.round((Date.now() - momentMs) / 1_000)} s`)
    for (const [outcome, hits] of one.tally.outcomes) say(`  ${String(hits).padStart(4)} times ${outcome}`)
    for (const [what, summary] of one.tally.times) say(`  ${what}: ${summary}`)
    for (const words of one.wrong) say(`  WRONG: ${words}`)
  }
  return all
})
const problems = played.flatMap(({ moment: { name }, tally, wrong }) => [
  ...wrong.map(words => `${name}: ${words.split('\n')[0]}`),
  ...(tally.tries < times ? [`${name}: ${tally.tries} of ${times} tries were done`] : []),
  ...tally.missed.map(outcome => `${name}: never hit: ${outcome}`),
])
const verdict = problems.length === 0 ? 'passed' : 'failed'
for (const problem of problems) say(problem)
say(`${verdict}, seed ${seed}`)
if (flags.report !== undefined) {
  const rows = played.flatMap(({ moment: { name }, tally }) =>
    [...tally.outcomes].map(([outcome, hits]) => [name, outcome, hits]),
  )
  writeReport(flags.report, startedMs, {
    tool: 'moments',
    command: `npm run moments -- --seed ${seed} --times ${times}${only === undefined ? '' : ` --only ${only}`}`,
    seed,
    verdict,
    figures: {
      tries: played.reduce((sum, { tally }) => sum + tally.tries, 0),
      'wrong counts, missed deadlines and outcomes never hit': problems.length,
      ...Object.fromEntries(
        played.flatMap(({ moment: { name }, tally }) =>
          tally.times.map(([what, summary]) => [`${name}: ${what}`, summary]),
        ),
      ),
    },
    table: { columns: ['moment', 'outcome', 'times hit'], rows },
  })
}
process.exitCode = verdict === 'passed' ? 0 : 1

function fail(words: string): never {
  process.stderr.write(`${words}\n`)
  process.exit(2)
}
