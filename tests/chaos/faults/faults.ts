/** Every fault there is, by name. */
import { connectionFaults } from './connections.ts'
import type { Faults } from './fault.ts'
import { haltFaults } from './halts.ts'
import { kafkaFaults } from './kafka.ts'
import { postgresFaults } from './postgres.ts'
import { processFaults } from './processes.ts'

export const faults: Faults = {
  ...processFaults,
  ...postgresFaults,
  ...connectionFaults,
  ...kafkaFaults,
  ...haltFaults,
}
