/** What `./footfall` can do, in the order of its help. */
import { api } from './api.ts'
import { consumer } from './consumer.ts'
import { doctor } from './doctor.ts'
import { explain } from './explain.ts'
import { partitions } from './partitions.ts'
import { producer } from './producer.ts'
import { rejects } from './rejects.ts'
import { reset } from './reset.ts'
import { setup } from './setup.ts'
import { start } from './start.ts'
import { status } from './status.ts'
import { trace } from './trace.ts'
import type { Verb } from './verb.ts'
import { verify } from './verify.ts'

export const verbs: Readonly<Record<string, Verb>> = {
  start,
  producer,
  consumer,
  api,
  setup,
  status,
  partitions,
  verify,
  trace,
  explain,
  rejects,
  doctor,
  reset,
}
