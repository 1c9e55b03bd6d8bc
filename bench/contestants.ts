/** Who counts: Footfall as it is shipped, and the rivals of bench/rivals, each as its own experts would write it. */
import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { projectRoot } from '../src/runtime/config.ts'
import { build } from './build.ts'
import type { Lab, Program } from './lab.ts'
import { type Rival, rivals } from './rivals.ts'
import { credentials } from './servers.ts'

/** A contestant that can run here. */
export interface Contestant {
  readonly name: string
  /** What it is made of, and what it checks of an event. */
  readonly about: string
  /** Whether it is so slow that it gets a small part of the topic. */
  readonly isSlow: boolean
  /** Why it cannot read a compressed topic; undefined when it can. */
  readonly withoutLz4: string | undefined
  /** Makes the database with the tables that it writes. */
  prepare(lab: Lab, place: Place): Promise<void>
  consumer(lab: Lab, place: Place): Program
  /** When it had its partitions, from what it wrote; in ms since 1970. */
  assignedMs(output: string): number | undefined
}

export interface Place {
  readonly topic: string
  /** The consumer group has this name as well. */
  readonly database: string
}

export interface LeftOut {
  readonly name: string
  readonly why: string
}

const footfall: Contestant = {
  name: 'footfall',
  about: 'This. JSON Schema with formats, limits of age, event ids, ledger, rejects.',
  isSlow: false,
  withoutLz4: undefined,
  prepare: (lab, { topic, database }) => lab.createDatabase(lab.settings(topic, database)),
  consumer: (lab, { topic, database }) => ({
    name: 'footfall',
    command: join(projectRoot, 'footfall'),
    args: ['consumer'],
    environment: lab.settings(topic, database),
  }),
  assignedMs(output) {
    const line = output.split('\n').find(line => line.includes('"event":"partition_opened"'))
    return line === undefined ? undefined : Date.parse((JSON.parse(line) as { time: string }).time)
  },
}

/** Those that meet on every topic: the others are several times slower, and an evening is only so long. */
export const finalists: readonly string[] = ['footfall', 'tuned-go']

export const contestantNames: readonly string[] = ['footfall', ...Object.keys(rivals)]

/** Builds those that are named. @throws when there is none of a name. */
export async function contestants(
  names: readonly string[],
): Promise<{ found: readonly Contestant[]; leftOut: readonly LeftOut[] }> {
  const found: Contestant[] = []
  const leftOut: LeftOut[] = []
  for (const name of names) {
    if (!contestantNames.includes(name)) {
      throw new Error(`"${name}" is no contestant: ${contestantNames.join(', ')}`)
    }
    try {
      found.push(name === 'footfall' ? footfall : await contestant(name, rivals[name]!))
    } catch (error) {
      leftOut.push({ name, why: (error as Error).message })
    }
  }
  return { found, leftOut }
}

async function contestant(name: string, rival: Rival): Promise<Contestant> {
  const folder = await build(name, rival.kind)
  const [command, ...args] = rival.command(folder)
  return {
    name,
    about: rival.about,
    isSlow: rival.isSlow ?? false,
    withoutLz4: rival.withoutLz4,
    prepare: (lab, { database }) => createTable(lab, database),
    consumer: (lab, { topic, database }) => ({
      name,
      command,
      args,
      environment: {
        ...postgresEnvironment(lab, database),
        KAFKA: lab.kafka.address,
        TOPIC: topic,
        GROUP: database,
        SCRATCH: mkdtempSync(join(lab.folder, `${name}-`)),
      },
    }),
    assignedMs(output) {
      const [, seconds] = /^STARTED (\S+)/m.exec(output) ?? []
      return seconds === undefined ? undefined : Number(seconds) * 1_000
    },
  }
}

/** As libpq and all that is like it read it. */
export function postgresEnvironment(lab: Lab, database: string): Record<string, string> {
  const { user, password } = credentials
  const { host, port } = lab.postgres
  return { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGDATABASE: database }
}

async function createTable(lab: Lab, database: string): Promise<void> {
  const client = await lab.connect('postgres')
  await client.query(`create database ${pg.escapeIdentifier(database)}`)
  await client.end()
  const inside = await lab.connect(database)
  await inside.query(readFileSync(join(projectRoot, 'bench/rivals/table.sql'), 'utf8'))
  await inside.end()
}
