/** Schedules one after another on the same servers, and what they come to together. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { inLifetime } from '../support/environment.ts'
import { faults } from './faults/faults.ts'
import { type Load, type Played, play, type Say } from './play.ts'
import { emptyTally, type Tally } from './rare.ts'
import { drawSchedule, type Wishes } from './schedule.ts'
import { type Servers, startServers } from './servers.ts'

export interface Campaign {
  readonly seed: string
  /** The number of the first schedule: that of one to be played again. */
  readonly first: number
  /** Ends it, but never in the middle of a schedule. */
  readonly isOver: (begun: number) => boolean
  readonly wishes: Wishes
  /** Only these faults; undefined: all. */
  readonly only: readonly string[] | undefined
  readonly load: Load
  /** A small one for PostgreSQL, where that is possible. */
  readonly wantsDisk: boolean
}

export interface Outcome {
  readonly begun: number
  /** Those that came to their end, passed or not. */
  readonly played: readonly Played[]
  readonly tally: Tally
  /** Everything that must not be, of all schedules. */
  readonly wrong: readonly string[]
  /** Faults that this machine does not allow. */
  readonly missing: readonly string[]
}

const wrongShown = 20

/** @param folder takes data and logs. @param jars from fetchJars. @throws when the servers cannot be started. */
export async function runCampaign(campaign: Campaign, folder: string, jars: string, say: Say): Promise<Outcome> {
  const tally = emptyTally()
  const played: Played[] = []
  const wrong: string[] = []
  const missing = new Set<string>()
  let begun = 0
  while (!campaign.isOver(begun)) {
    await inLifetime(async lifetime => {
      const home = join(folder, `servers-${begun + 1}`)
      mkdirSync(home, { recursive: true })
      const servers = await startServers(lifetime, home, jars, campaign.wantsDisk)
      for (const name of impossible(servers)) missing.add(name)
      while (!campaign.isOver(begun)) {
        const number = campaign.first + begun
        begun += 1
        const spoilt = await playOne(campaign, number, servers, join(folder, `schedule-${number}`))
        wrong.push(...spoilt.map(words => `schedule ${number}: ${words}`))
        // Whatever state the servers are in, the next schedule shall not suffer from it.
        if (spoilt.length > 0) return
        await servers.clear()
      }
    })
  }
  return { begun, played, tally, wrong, missing: [...missing] }

  async function playOne(
    { seed, wishes, load, only }: Campaign,
    number: number,
    servers: Servers,
    home: string,
  ): Promise<readonly string[]> {
    const names = Object.keys(faults).filter(name => only?.includes(name) ?? !impossible(servers).includes(name))
    const table = Object.fromEntries(names.map(name => [name, faults[name]!]))
    const schedule = drawSchedule(`${seed}/${number}`, table, wishes)
    say(`schedule ${number} of seed ${seed}: ${schedule.faults.map(({ fault }) => fault).join(', ')}`)
    const told: Say = words => say(`  ${words}`)
    const spoilt = await inLifetime(async lifetime => {
      const one = await play(lifetime, schedule, servers, home, load, tally, told)
      played.push(one)
      return one.wrong
    }).catch((error: Error) => [`it was not played to its end: ${error.message}${causeOf(error)}`])
    for (const words of spoilt.slice(0, wrongShown)) told(`WRONG ${words}`)
    return spoilt
  }
}

const impossible = (servers: Servers): string[] =>
  Object.keys(faults).filter(name => faults[name]!.isPossible?.(servers) === false)

const causeOf = ({ cause }: Error): string => (cause instanceof Error ? ` (${cause.message})` : '')
