/** Faults of our own processes: killed, stopped, frozen, too many of them. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Event } from '../../../src/runtime/events.ts'
import { until } from '../../support/environment.ts'
import type { Member } from '../member.ts'
import type { Planned } from '../schedule.ts'
import type { Stage } from '../stage.ts'
import type { Faults } from './fault.ts'

const consumerOf = ({ consumers }: Stage, { which }: Planned): Member => consumers[which % consumers.length]!
const targets = (stage: Stage, planned: Planned): string[] => [consumerOf(stage, planned).name]
const allConsumers = ({ consumers }: Stage): string[] => consumers.map(({ name }) => name)

/** A group may be between brokers and PostgreSQL away when a process comes; it waits for both. */
const joinedMs = 60_000
/** Whoever has not joined by then is left to it. */
const stormMs = 1_000

export const processFaults: Faults = {
  'consumer killed': {
    weight: 3,
    lastsMs: [0, 2_500],
    targets,
    run: async (stage, planned) => {
      const member = consumerOf(stage, planned)
      await member.kill()
      await pause(planned.lastsMs)
      member.start()
      return `${member.name} killed, started again after ${planned.lastsMs} ms`
    },
  },
  'consumers all killed': {
    weight: 1,
    lastsMs: [0, 1_500],
    targets: allConsumers,
    run: async ({ consumers }, { lastsMs }) => {
      await Promise.all(consumers.map(member => member.kill()))
      await pause(lastsMs)
      for (const member of consumers) member.start()
      return `${consumers.length} consumers killed at once, started again after ${lastsMs} ms`
    },
  },
  'consumer told to stop': {
    weight: 2,
    lastsMs: [0, 1_500],
    targets,
    run: async (stage, planned) => {
      const member = consumerOf(stage, planned)
      await member.stop()
      await pause(planned.lastsMs)
      member.start()
      return `${member.name} told to stop, started again after ${planned.lastsMs} ms`
    },
  },
  'consumer frozen': {
    weight: 2,
    lastsMs: [300, 4_000],
    targets,
    run: async (stage, planned) => freeze([consumerOf(stage, planned)], planned.lastsMs),
  },
  'consumers all frozen': {
    weight: 1,
    lastsMs: [300, 2_500],
    targets: allConsumers,
    run: async ({ consumers }, { lastsMs }) => freeze(consumers, lastsMs),
  },
  // Longer than the group waits for a silent member: it wakes up when others have its partitions.
  'consumer a zombie': {
    weight: 1,
    lastsMs: [11_500, 14_000],
    consumersMin: 2,
    isLong: true,
    targets,
    run: async (stage, planned) => freeze([consumerOf(stage, planned)], planned.lastsMs),
  },
  'group storm': {
    weight: 2,
    lastsMs: [1_500, 4_000],
    targets: () => ['group'],
    run: async (stage, { lastsMs, chance }) => {
      const endsMs = performance.now() + lastsMs
      const comers: Member[] = []
      for (let i = 1; performance.now() < endsMs; i++) {
        const comer = stage.another(`comer-${stage.cast.length}`)
        comer.start()
        comers.push(comer)
        await until(() => hasSaid(comer, 'partitions_assigned'), stormMs, 'it has joined').catch(() => {})
        // Some leave in order and some without a word, which the group finds out after its session timeout.
        if (i % 2 === 0) await (chance < 0.3 ? comers[i - 2]!.kill() : comers[i - 2]!.stop())
      }
      await Promise.all(comers.map(comer => comer.stop()))
      return `${comers.length} consumers came and went in ${lastsMs} ms`
    },
  },
  // It is given all partitions at once, and none is taken from anybody: two owners for each.
  'second group': {
    weight: 2,
    lastsMs: [500, 3_000],
    targets: () => ['group'],
    run: async (stage, { lastsMs }) => {
      const group = `${stage.topic}-other-${stage.cast.length}`
      const other = stage.another(`other-${stage.cast.length}`, { KAFKA_CONSUMER_GROUP: group })
      other.start()
      await until(() => hasSaid(other, 'partition_opened'), joinedMs, 'it has opened a partition')
      await pause(lastsMs)
      await other.stop()
      return `a consumer of another group counted the same partitions for ${lastsMs} ms`
    },
  },
  'api killed': {
    weight: 1,
    lastsMs: [0, 1_000],
    targets: () => ['api'],
    run: async ({ api, url }, { lastsMs }) => {
      api.isAway = true
      await api.kill()
      await pause(lastsMs)
      api.start()
      await until(() => fetch(`${url}/livez`), 20_000, 'the API listens again')
      api.isAway = false
      return `api killed, started again after ${lastsMs} ms`
    },
  },
  'api frozen': {
    weight: 1,
    lastsMs: [300, 3_000],
    targets: () => ['api'],
    run: async ({ api }, { lastsMs }) => {
      api.isAway = true
      const said = await freeze([api], lastsMs)
      api.isAway = false
      return said
    },
  },
}

const hasSaid = ({ part }: Member, event: Event): boolean => part.lines().some(line => line.event === event)

async function freeze(members: readonly Member[], lastsMs: number): Promise<string> {
  for (const { part } of members) part.signal('SIGSTOP')
  await pause(lastsMs)
  for (const { part } of members) part.signal('SIGCONT')
  return `${members.map(({ name }) => name).join(', ')} frozen for ${lastsMs} ms`
}
