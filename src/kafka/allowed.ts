/** What the brokers allow this client on topic and group, as they say themselves. */
import { AclOperations, metadataV12 } from '@platformatic/kafka'
import type { Config } from '../runtime/config.ts'
import { useAdmin } from './admin.ts'
import { isForbidden, type Operation } from './rights.ts'

export interface Allowed {
  readonly topic: ReadonlySet<Operation>
  /** Empty as well when the group may not be seen, which every other right implies. */
  readonly group: ReadonlySet<Operation>
}

/** The topic must be there. Brokers without ACLs allow everything. @throws what the brokers or the network answered. */
export async function askAllowed(config: Config): Promise<Allowed> {
  const { topic, group } = config.kafka
  return useAdmin(config, 'doctor', async admin => {
    const { brokers } = await admin.metadata({ topics: [] })
    const connection = await admin.connections.getFirstAvailable([...brokers.values()])
    const metadata = await metadataV12.api.async(connection, [topic], false, true)
    const groups = await admin
      .describeGroups({ groups: [group], includeAuthorizedOperations: true })
      .catch((error: unknown) => {
        if (isForbidden(error)) return new Map<string, { authorizedOperations: number }>()
        throw error
      })
    return {
      topic: operations(metadata.topics[0]?.topicAuthorizedOperations),
      group: operations(groups.get(group)?.authorizedOperations),
    }
  })
}

/** One bit for each operation, by its number in the protocol. */
function operations(bits = 0): ReadonlySet<Operation> {
  const all: readonly Operation[] = ['CREATE', 'DESCRIBE', 'DESCRIBE_CONFIGS', 'READ', 'WRITE']
  return new Set(all.filter(operation => (bits & (1 << AclOperations[operation])) !== 0))
}
