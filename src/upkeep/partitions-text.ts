/** The partitions and the ways out of their halts, as people read them. */
import { troubles } from '../kafka/trouble.ts'
import { decisionText } from './decisions.ts'
import type { HaltReport, PartitionsReport } from './partitions.ts'
import type { Step } from './partitions-resume.ts'

export function partitionsText({ topic, partitions, decisions }: PartitionsReport): string {
  const lines = [`topic ${topic}`]
  for (const { partition, lineage, nextOffset, halt } of partitions) {
    const place = `partition ${partition}, lineage ${lineage}, at ${nextOffset}`
    if (halt === null) lines.push(`${place}: open`)
    else lines.push('', `${place}: HALTED since ${halt.since}`, ...haltLines(halt), '')
  }
  if (partitions.length === 0) lines.push('no partition was counted yet')
  if (decisions.length > 0) lines.push('', 'decided so far, the latest first', ...decisions.map(decisionText))
  return lines.join('\n').replaceAll('\n\n\n', '\n\n')
}

function haltLines({ reason, from, to, detail, now, waysOut }: HaltReport): string[] {
  const about =
    reason === 'refused' ? 'PostgreSQL refuses what a batch would write' : troubles[reason as keyof typeof troubles]
  const lines = [`  ${reason}: ${about}`, `  offsets ${from} to ${to}: ${detail}`]
  if (now !== null) lines.push(`  now: ${now}`)
  for (const { command, does } of waysOut) lines.push(`  ${command}`, `      ${does}`)
  return lines
}

/** One line for each partition: what will be, or was, done with it. */
export function stepsText(steps: readonly Step[]): string {
  const says = { planned: '', done: 'done: ', refused: 'refused: ', changed: 'not done: ' }
  return steps.map(({ partition, outcome, text }) => `partition ${partition}: ${says[outcome]}${text}`).join('\n')
}
