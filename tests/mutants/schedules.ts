/**
 * The simulator as it meets a planted bug: so many known schedules, until one fails. So many and not for so long, that a
 * bug is noticed or not whatever else the machine does.
 * @param 1 how many. @param 2 `own-ids`: every event has an id of its own; else ids meet.
 */
import { type Planted, simulate, told } from '../simulation/schedules.ts'
import { ownIds } from '../simulation/vocabulary.ts'

const [, , count, load] = process.argv
const prepared: Planted = (_server, broker) => {
  if (load === 'own-ids') broker.source = ownIds()
}

// Faults are thrown by the thousand, and a stack takes longer than the fault.
Error.stackTraceLimit = 2

const { failed } = await simulate(1, Number(count), prepared)
const [first] = failed
process.stdout.write(first === undefined ? `${count} schedules passed\n` : `${await told(first.seed, 20, prepared)}\n`)
process.exitCode = first === undefined ? 0 : 1
