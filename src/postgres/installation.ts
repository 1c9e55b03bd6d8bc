/** What a database is for, recorded once: its topic, and the secret that event ids are hashed with. */
import { randomBytes } from 'node:crypto'
import type { Client } from 'pg'
import { UnfitDatabase } from './unfit-database.ts'

/**
 * Makes a fresh database this topic's, or finds it to be.
 * @returns the secret of its ids. @throws UnfitDatabase when it counts another topic.
 */
export async function claimDatabase(client: Client, topic: string): Promise<Buffer> {
  await client.query('insert into installation (topic, id_key) values ($1, $2) on conflict do nothing', [
    topic,
    randomBytes(16),
  ])
  await refuseOtherTopic(client, topic)
  const { rows } = await client.query<{ id_key: Buffer }>('select id_key from installation')
  return rows[0]!.id_key
}

/** @throws UnfitDatabase when the database counts another topic. */
export async function refuseOtherTopic(client: Client, topic: string): Promise<void> {
  const { rows } = await client.query<{ topic: string }>('select topic from installation')
  const recorded = rows[0]?.topic
  if (recorded === undefined || recorded === topic) return
  throw new UnfitDatabase(
    `this database counts the topic ${recorded}, KAFKA_TOPIC_USER_ACTIVITIES is ${topic}: ` +
      'set it back, or use another database (POSTGRES_DB) for the other topic',
  )
}
