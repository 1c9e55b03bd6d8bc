/** Brokers that do not answer as they should: told once, however long it lasts, and told when it is over. */
import type { Log } from '../runtime/log.ts'
import { Refused } from './refusal.ts'

/** Stands for whichever answers first what brokers there are. */
export const anyBroker = -1

/** Of a broker that may be down: what it says, or what Node says of it, may differ from one attempt to the next. */
const away = 'away'

export class Absences {
  readonly #log: Log
  /** How often in a row, and what was said of it. */
  readonly #absent = new Map<number, { readonly times: number; readonly said: string }>()

  constructor(log: Log) {
    this.#log = log
  }

  /** Why a broker refuses us; undefined while none does. */
  get refusal(): string | undefined {
    return [...this.#absent.values()].find(({ said }) => said !== away)?.said
  }

  heard(broker: number): void {
    if (this.#absent.delete(broker)) this.#log('kafka_back', named(broker))
  }

  /** @param error in words. @returns how often in a row by now. */
  missed(broker: number, error: Error): number {
    const said = error instanceof Refused ? error.message : away
    const before = this.#absent.get(broker)
    const times = (before?.times ?? 0) + 1
    this.#absent.set(broker, { times, said })
    const facts = { ...named(broker), why: error.message }
    if (said !== before?.said) this.#log(said === away ? 'kafka_away' : 'kafka_refused', facts)
    return times
  }
}

const named = (broker: number) => (broker === anyBroker ? {} : { broker })
