/** What was measured last, part by part, so that a part can be measured again by itself. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig, projectRoot } from '../src/runtime/config.ts'
import type { LeftOut } from './contestants.ts'
import type { Latency } from './latency.ts'
import { machine } from './machine.ts'
import type { Reads } from './reads.ts'
import type { Stages } from './stages.ts'
import type { Throughput } from './throughput.ts'

/** When, where and on what a part was measured. */
export interface Occasion {
  readonly at: string
  readonly commit: string
  readonly machine: string
  readonly command: string
  /** Processes that wanted a processor, on average over the minute before. */
  readonly loadBefore: number
  readonly note: string
}

/** What was measured on some topics on one occasion. */
export type Run<Of> = Of & { readonly occasion: Occasion }

export interface Measured {
  /** A topic is in one run, the latest. */
  readonly throughput?: readonly Run<Throughput>[]
  readonly stages?: readonly Run<{ readonly stages: readonly Stages[] }>[]
  readonly latency?: {
    readonly occasion: Occasion
    readonly rounds: number
    readonly seconds: number
    readonly latencies: readonly Latency[]
    readonly leftOut: readonly LeftOut[]
  }
  readonly reads?: Reads & { readonly occasion: Occasion }
}

const file = (): string => join(loadConfig().dataFolder, 'bench', 'measured.json')

export function readMeasured(): Measured {
  return existsSync(file()) ? (JSON.parse(readFileSync(file(), 'utf8')) as Measured) : {}
}

/** The runs before, but for the topics of this one, and this one. */
export function withThroughput(run: Run<Throughput>): Pick<Measured, 'throughput'> {
  const before = (readMeasured().throughput ?? []).map(one => ({ ...one, races: without(one.races, run.races) }))
  return { throughput: [...before.filter(({ races }) => races.length > 0), run] }
}

/** The same of the stages. */
export function withStages(run: Run<{ readonly stages: readonly Stages[] }>): Pick<Measured, 'stages'> {
  const before = (readMeasured().stages ?? []).map(one => ({ ...one, stages: without(one.stages, run.stages) }))
  return { stages: [...before.filter(({ stages }) => stages.length > 0), run] }
}

function without<One extends { readonly topic: string }>(before: readonly One[], again: readonly One[]): One[] {
  return before.filter(({ topic }) => !again.some(one => one.topic === topic))
}

/** Replaces the parts that are given, and keeps the others. */
export function keepMeasured(part: Measured): void {
  mkdirSync(join(file(), '..'), { recursive: true })
  writeFileSync(`${file()}.new`, JSON.stringify({ ...readMeasured(), ...part }))
  renameSync(`${file()}.new`, file())
}

export function occasion(note: string): Occasion {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: projectRoot, encoding: 'utf8' }).trim()
  const isChanged = git('status', '--porcelain', '--', 'src', 'bench', 'migrations', 'package-lock.json') !== ''
  return {
    at: new Date().toISOString().slice(0, 16).replace('T', ' '),
    commit: `${git('rev-parse', '--short', 'HEAD')}${isChanged ? ', with changes' : ''}`,
    machine: machine(),
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    loadBefore: Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]),
    note,
  }
}
