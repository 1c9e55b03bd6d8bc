/** bench/RESULTS.md and its charts, out of what was measured last. Nothing in them is written by hand. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../src/runtime/config.ts'
import { svgOf } from './chart.ts'
import { latencySection } from './latency-results.ts'
import type { Measured, Occasion } from './measured.ts'
import { readsSection } from './reads-results.ts'
import { stagesSection } from './stages-results.ts'
import { throughputSection } from './throughput-results.ts'

const folder = join(projectRoot, 'bench')

/** @returns the paths that were written. @throws when nothing was measured yet. */
export function writeResults(measured: Measured): string[] {
  const { throughput, stages, latency, reads } = measured
  const parts = [
    throughput && { occasion: throughput.occasion, section: throughputSection(throughput) },
    stages && { occasion: stages.occasion, section: stagesSection(stages.stages, throughput?.races ?? []) },
    latency && { occasion: latency.occasion, section: latencySection(latency) },
    reads && { occasion: reads.occasion, section: readsSection(reads) },
  ].filter(part => part !== undefined)
  if (parts.length === 0) throw new Error('nothing was measured yet: npm run bench')
  const charts = join(folder, 'charts')
  rmSync(charts, { recursive: true, force: true })
  mkdirSync(charts)
  const written: string[] = []
  const write = (path: string, text: string) => {
    writeFileSync(path, text)
    written.push(path.slice(projectRoot.length + 1))
  }
  for (const [name, chart] of parts.flatMap(({ section }) => Object.entries(section.charts))) {
    write(join(charts, name), svgOf(chart))
  }
  const sections = parts.map(({ occasion, section }) => `${section.text}\n\n${circumstances(occasion)}`)
  write(join(folder, 'RESULTS.md'), `${[opening, ...sections].join('\n\n')}\n`)
  return written
}

const opening = `# Results

Written by \`npm run bench -- --write\`; [README.md](README.md) says what is measured, how, and against whom. Contestants take turns on the same topics, the same Kafka and the same PostgreSQL (fsync on), all on one machine, so ratios within a part mean more than figures: the same code differs by a fifth from hour to hour on a shared machine.`

/** A figure from a machine that had other work is no figure: the page says so beside it. */
function circumstances({ at, commit, machine, command, loadBefore, note }: Occasion): string {
  const busy = loadBefore > 0.5 ? ` **The machine was not quiet (a load of ${loadBefore} before the start).**` : ''
  return `*${at} UTC, commit ${commit}, ${machine}. \`${command}\`.${note === '' ? '' : ` ${note}`}*${busy}`
}
