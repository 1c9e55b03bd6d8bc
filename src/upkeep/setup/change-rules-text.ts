/** A change of rules as people read it, before and after. */
import type { RuleDifference } from '../../postgres/rules.ts'
import type { PartitionEffect, RulesChange, RulesPlan } from './change-rules.ts'

/** What would change, from where, and what that means. */
export function rulesPlanText({ recorded, wanted, differences, partitions }: RulesPlan): string {
  const lines = ['For what comes, the rules would be:']
  for (const one of differences) {
    lines.push(`  ${one.setting}: ${one.recorded} -> ${one.wanted}`, `    ${meaning(one)}`)
  }
  if (recorded.judgeVersion !== wanted.judgeVersion) {
    lines.push(
      `  judge: version ${recorded.judgeVersion} -> ${wanted.judgeVersion}`,
      '    Consumers of an older Footfall stop, and refuse to start.',
    )
  }
  if (partitions.length === 0) lines.push('Nothing is counted yet: they would hold from the first record.')
  else lines.push('They would hold from where counting stands at that moment:', ...partitions.map(effectText))
  lines.push(
    'What was counted or rejected before stays as it is.',
    'Running consumers stop within seconds; start them with these settings.',
  )
  return lines.join('\n')
}

export function rulesChangeText({ from }: RulesChange): string {
  const where = from.map(({ partition, fromOffset }) => `  partition ${partition} from offset ${fromOffset}`)
  return ['The rules are changed. Start the consumers with these settings.', ...where].join('\n')
}

function effectText({ partition, state, nextOffset, ids, idsForgotten }: PartitionEffect): string {
  const halted = state === 'halted' ? ' (halted)' : ''
  const forgotten = idsForgotten === 0 ? '' : `; forgets ${idsForgotten} of ${ids} event ids at its next record`
  return `  partition ${partition}${halted}: offset ${nextOffset}${forgotten}`
}

function meaning({ rule, recorded, wanted }: RuleDifference): string {
  const isLess = wanted < recorded
  switch (rule) {
    case 'maxAgeDays':
      return isLess
        ? `Events older than ${wanted} days are rejected; such as were counted stay counted.`
        : 'Events that were rejected as too old stay rejected.'
    case 'maxAheadMinutes':
      return isLess
        ? `Events more than ${wanted} minutes ahead are rejected; such as were counted stay counted.`
        : 'Events that were rejected as too far ahead stay rejected.'
    case 'windowHours':
      return isLess
        ? `Ids older than ${wanted} hours are forgotten: an event that is sent again later than that counts again.`
        : `Ids that were forgotten stay so: the window is full ${wanted - recorded} hours from now.`
    case 'windowIdsMax':
      return isLess
        ? `The oldest ids of a partition that has more are forgotten: such an event, sent again, counts again.`
        : `Ids that were forgotten stay so. A consumer needs about ${Math.ceil((wanted * 40) / 1e6)} MB for a full window.`
  }
}
