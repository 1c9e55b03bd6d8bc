/** What a campaign has to have been through, so that "no failure" means something. */
import { troubles } from '../../src/kafka/trouble.ts'
import { damages } from './partition-log.ts'
import { faults } from './plan.ts'

export type Coverage = Map<string, number>

const halts = [...Object.keys(troubles), 'refused']

/** Faults that were done, and states that are rarely reached. */
export const states: readonly string[] = [
  ...faults.filter(fault => fault !== 'append').map(fault => `fault: ${fault}`),
  'fault: truncated and regrown',
  ...damages.map(damage => `damage: ${damage}`),
  ...halts.map(reason => `halted: ${reason}`),
  ...['open', 'skip', 'begin', 'begin with the window', 'close'].map(plan => `resumed: ${plan}`),
  'a partition given to two',
  'an older database put back',
  'a zombie overtaken',
  'a connection lost',
  'a COMMIT landed and its answer was lost',
  'a COMMIT whose sender had given up landed',
  'a batch that had landed was recognised',
  'a transaction ended by the server',
  'a lock waited for',
  'a row left for the next settle',
  ...['40P01', '53100', '25006', '57014', '55P03', '25P04', '22003'].map(state => `SQLSTATE ${state}`),
  'a consumer stopped because the rules were changed',
  'a repair counted',
  'a repair found its event counted',
  'a repair sent again',
  'an origin that is none',
  'a duplicate',
  'ids left the window',
  'a segment closed',
  'partition_overtaken',
  'trouble_gone',
  'trouble_not_confirmed',
  'origin_not_read',
  'settle_slow',
  'left in order',
]

export function add(sum: Coverage, part: Iterable<readonly [string, number]>): void {
  for (const [state, times] of part) sum.set(state, (sum.get(state) ?? 0) + times)
}

/** So rare that some thousand schedules may by chance lack them: less than ten times in a thousand. */
const rarest = [
  'damage: gap',
  ...['trimmed', 'diverged', 'gap', 'bad_crc', 'unknown_codec', 'too_large'].map(reason => `halted: ${reason}`),
  'a COMMIT whose sender had given up landed',
  'a repair sent again',
  'an origin that is none',
  'trouble_gone',
  'trouble_not_confirmed',
  'origin_not_read',
  'settle_slow',
]

/** What was never reached. @param isLong whether a campaign ran, which must reach the rarest as well. */
export const missing = (coverage: Coverage, isLong: boolean): string[] =>
  states.filter(state => !coverage.has(state) && (isLong || !rarest.includes(state)))
