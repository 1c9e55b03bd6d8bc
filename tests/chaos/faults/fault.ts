/** What a fault is: it may be drawn, it has targets that it shares with no other at a time, and it heals what it broke. */
import type { Drawable, Planned } from '../schedule.ts'
import type { Servers } from '../servers.ts'
import type { Stage } from '../stage.ts'

export interface Fault extends Drawable {
  /** Two that meet in a target come one after the other. */
  readonly targets: (stage: Stage, planned: Planned) => readonly string[]
  /** Whether this machine can do it; left out: always. */
  readonly isPossible?: (servers: Pick<Servers, 'postgres'>) => boolean
  /** Why partitions may halt by it. */
  readonly halts?: string
  /**
   * Breaks something, and returns when the world is whole again.
   * @returns what was done, in a few words for the timeline.
   */
  readonly run: (stage: Stage, planned: Planned) => Promise<string>
}

export type Faults = Readonly<Record<string, Fault>>
