import { type Config, loadConfig } from '../runtime/config.ts'
import { agreed, tell } from './terminal.ts'
import { type Flags, json, type Verb, WrongUse, yes } from './verb.ts'

export const setup: Verb = {
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
    const { setup, setupText } = await import('../upkeep/setup/setup.ts')
    const report = await setup(config)
    tell(flags, report, setupText(report))
    return report.refusal === null ? 0 : 1
  },
}

async function changeRules(config: Config, flags: Flags): Promise<number> {
  const [{ planRules, carryOutRules }, { rulesPlanText, rulesChangeText }] = await Promise.all([
    import('../upkeep/setup/change-rules.ts'),
    import('../upkeep/setup/change-rules-text.ts'),
  ])
  const plan = await planRules(config)
  if (plan === undefined) {
    const nothing = 'Nothing to change: the rules are those of the settings, or none are recorded yet.'
    return tell(flags, { changed: false }, nothing)
  }
  if (!(await agreed(flags, rulesPlanText(plan), 'Change the rules?'))) return 1
  const change = await carryOutRules(config, plan)
  return tell(flags, { changed: true, ...change }, rulesChangeText(change))
}

async function startAt(config: Config, flags: Flags, words: string): Promise<number> {
  const [{ parseStartAt }, { setup }, { planStart, carryOutStart, startPlanText, startedText }] = await Promise.all([
    import('../upkeep/setup/start-words.ts'),
    import('../upkeep/setup/setup.ts'),
    import('../upkeep/setup/start-at.ts'),
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
