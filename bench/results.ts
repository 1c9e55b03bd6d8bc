/** bench/RESULTS.md and its charts, out of what was measured last. Nothing in them is written by hand. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../src/runtime/config.ts'
import { svgOf } from './chart.ts'
import { latencySection } from './latency-results.ts'
import { circumstances, type Section } from './markdown.ts'
import type { Measured, Occasion } from './measured.ts'
import { readsSection } from './reads-results.ts'
import { stagesSection } from './stages-results.ts'
import { throughputSection } from './throughput-results.ts'

const folder = join(projectRoot, 'bench')

/** @returns the paths that were written. @throws when nothing was measured yet. */
export function writeResults(measured: Measured): string[] {
  const { throughput, stages, latency, reads } = measured
  const races = (throughput ?? []).flatMap(({ races }) => races)
  const sections = [
    throughput && throughputSection(throughput),
    stages && stagesSection(stages, races),
    latency && followed(latencySection(latency), latency.occasion),
    reads && followed(readsSection(reads), reads.occasion),
  ].filter(section => section !== undefined)
  if (sections.length === 0) throw new Error('nothing was measured yet: npm run bench')
  const charts = join(folder, 'charts')
  rmSync(charts, { recursive: true, force: true })
  mkdirSync(charts)
  const written: string[] = []
  const write = (path: string, text: string) => {
    writeFileSync(path, text)
    written.push(path.slice(projectRoot.length + 1))
  }
  for (const [name, chart] of sections.flatMap(({ charts }) => Object.entries(charts))) {
    write(join(charts, name), svgOf(chart))
  }
  write(join(folder, 'RESULTS.md'), `${[opening, ...sections.map(({ text }) => text)].join('\n\n')}\n`)
  return written
}

const opening = `# Results

Written by \`npm run bench -- --write\`; [README.md](README.md) says what is measured, how, and against whom. Contestants take turns on the same topics, the same Kafka and the same PostgreSQL (fsync on), all on one machine, so ratios within a part mean more than figures: the same code differs by a fifth from hour to hour on a shared machine.`

function followed({ text, charts }: Section, occasion: Occasion): Section {
  return { text: `${text}\n\n${circumstances(occasion)}`, charts }
}
