/** The partitions and the ways out of their halts, as people read them. */
import { troubles } from '../../kafka/trouble.ts'
import { decisionText } from './decisions.ts'
import type { HaltReport, PartitionsReport } from './partitions.ts'
import type { Step } from './resume.ts'

export function partitionsText({ topic, partitions, decisions }: PartitionsReport): string {
  const lines = [`topic ${topic}`]
  for (const { partition, lineage, nextOffset, halt } of partitions) {
    const place = `partition ${partition}, lineage ${lineage}, at ${nextOffset}`
    if (halt === null) lines.push(`${place}: open`)
    else lines.push('', `${place}: HALTED since ${halt.since}`, ...haltLines(halt), '')
  }
  lines.push(...togetherLines(partitions))
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

/** One line for each partition: what will be done with it, and once that was shown, whether it was. */
export function stepsText(steps: readonly Step[]): string {
  const says = ({ outcome, text }: Step) =>
    ({ planned: text, done: 'done', refused: `refused: ${text}`, changed: `not done: ${text}` })[outcome]
  return steps.map(step => `partition ${step.partition}: ${says(step)}`).join('\n')
}

/** The command that does the same for all halted partitions, where there is one and they are several. */
function togetherLines(partitions: PartitionsReport['partitions']): string[] {
  const halted = partitions.filter(({ halt }) => halt !== null)
  const together = (way: string) => `./footfall partitions resume all${way}`
  const fits = (way: string) =>
    halted.every(({ partition, halt }) => {
      const command = `./footfall partitions resume ${partition}${way}`
      return halt!.waysOut.some(one => one.isOpen && one.command === command)
    })
  return halted.length < 2 ? [] : ['', ' --new-lineage'].filter(fits).map(way => `all at once: ${together(way)}`)
}
