/** `reset`: removes what the embedded stack has kept. */
import { existsSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, runFile } from '../runtime/config.ts'
import { stopKafkaLeftIn } from './kafka.ts'
import { takeLock } from './lock.ts'
import { stopPostgresLeftIn } from './postgres.ts'
import { endLeftOverRoles } from './roles.ts'

/** What `start` makes. Nothing else in the folder is ours to remove; Kafka's jars stay, as they are no data. */
const ours = ['kafka', 'postgres', 'logs'] as const

export interface Reset {
  /** Paths; empty when there was nothing. */
  readonly removed: readonly string[]
}

/**
 * Ends what a killed supervisor left, then removes data and logs of the embedded stack.
 * @param agreed asked once, with what will be removed.
 * @returns undefined when the answer was no. @throws AlreadyRunning while a stack runs over the folder.
 */
export async function reset(
  config: Pick<Config, 'dataFolder'>,
  agreed: (paths: readonly string[]) => Promise<boolean>,
): Promise<Reset | undefined> {
  const paths = [...ours.map(name => join(config.dataFolder, name)), runFile(config.dataFolder)].filter(existsSync)
  if (paths.length === 0) return { removed: [] }
  const lock = await takeLock(config.dataFolder)
  try {
    if (!(await agreed(paths))) return undefined
    const folder = realpathSync(config.dataFolder)
    await endLeftOverRoles(folder)
    await stopKafkaLeftIn(join(folder, 'kafka'))
    await stopPostgresLeftIn(join(folder, 'postgres'))
    for (const path of paths) rmSync(path, { recursive: true, force: true })
    return { removed: paths }
  } finally {
    lock.release()
  }
}
