/** Who else counts: how each is built and started, and what it checks of an event. Sources are in bench/rivals. */
import { join } from 'node:path'
import type { Kind } from './build.ts'

export interface Rival {
  readonly kind: Kind
  readonly about: string
  readonly command: (folder: string) => readonly [command: string, ...args: string[]]
  readonly isSlow?: boolean
  readonly withoutLz4?: string
}

const java = (memory: string, ...more: string[]) => ['java', `-Xmx${memory}`, '-XX:+UseG1GC', ...more] as const
const opens = ['java.util', 'java.lang', 'java.nio', 'java.time'].map(
  name => `--add-opens=java.base/${name}=ALL-UNNAMED`,
)
const classPath = (folder: string) => ['-cp', `${folder}/classes:${folder}/lib/*`, 'Job']

export const rivals: Readonly<Record<string, Rival>> = {
  'tuned-go': {
    kind: 'go',
    about: 'franz-go, sonic, pgx: two goroutines decode, one sorted upsert per poll. UUIDs, RFC 3339 and the activity.',
    command: folder => [join(folder, 'rival')],
  },
  'tuned-python': {
    kind: 'python',
    about:
      'confluent-kafka, msgspec, psycopg: one sorted upsert per 50,000. UUIDs, date-time with offset, the activity.',
    command: folder => [join(folder, 'venv/bin/python'), join(folder, 'consumer.py')],
  },
  'usual-node': {
    kind: 'node',
    about: 'kafkajs, ajv, pg: one upsert per batch. JSON Schema with formats.',
    command: folder => [process.execPath, join(folder, 'consumer.mjs')],
    withoutLz4: 'kafkajs reads no lz4 without a plug-in',
  },
  flink: {
    kind: 'java',
    about:
      'Flink SQL, mini-batches, JDBC upsert of absolute values. Types and the activity; neither UUIDs nor date-times.',
    command: folder => [...java('4g', '-Xms1g'), ...opens, ...classPath(folder)],
  },
  'kafka-streams': {
    kind: 'java',
    about: 'Kafka Streams, exactly once, RocksDB, JDBC upsert of absolute values. UUIDs, date-time and the activity.',
    command: folder => [...java('2g', '-Xms512m'), ...classPath(folder)],
  },
  'naive-python': {
    kind: 'python',
    about: 'kafka-python, jsonschema, psycopg2: one upsert and one commit per event. JSON Schema with formats.',
    command: folder => [join(folder, 'venv/bin/python'), join(folder, 'consumer.py')],
    isSlow: true,
  },
}
