/** The API that serves the page, over the shared Kafka and PostgreSQL. */
import type { RunningApi } from '../../src/api/api.ts'
import { readyApi } from '../support/api.ts'
import type { Place } from '../support/counting.ts'
import { type Lifetime, settingsFor, sharedKafka } from '../support/environment.ts'

/** What opens rejects and Try it. */
export const token = 'a-token-of-the-tests'

/** @param port 0: any. @param settings of the API. Stopped after the test. */
export function startDashboard(
  test: Lifetime,
  { topic, database, kafka = sharedKafka() }: Place,
  settings: Readonly<Record<string, string>> = {},
  port = 0,
): Promise<RunningApi> {
  return readyApi(test, { settings: { ...settingsFor(kafka, database, topic), ...settings } }, {}, port)
}
