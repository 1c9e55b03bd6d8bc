/** Faults of Kafka: brokers killed and frozen, one after the other or too many at once, and partitions added. */
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../../support/environment.ts'
import { useAdmin } from '../ask.ts'
import type { Broker } from '../brokers.ts'
import type { Planned } from '../schedule.ts'
import type { Stage } from '../stage.ts'
import type { Fault, Faults } from './fault.ts'

const targets = () => ['kafka']
const brokerOf = ({ kafka }: Stage, { which }: Planned): Broker => kafka.all[which % kafka.all.length]!
const partitionsMax = 12
const addDeadlineMs = 30_000

const killed: Omit<Fault, 'weight'> = {
  lastsMs: [0, 2_000],
  targets,
  run: async (stage, planned) => {
    const broker = brokerOf(stage, planned)
    await broker.kill()
    await pause(planned.lastsMs)
    await broker.start()
    return `one of ${stage.kafka.all.length} brokers killed, started again after ${planned.lastsMs} ms`
  },
}

export const kafkaFaults: Faults = {
  'only broker killed': { weight: 2, brokers: 1, ...killed },
  'one of three brokers killed': { weight: 4, brokers: 3, ...killed },
  'broker frozen': {
    weight: 2,
    lastsMs: [300, 4_000],
    targets,
    run: async (stage, planned) => {
      const broker = brokerOf(stage, planned)
      broker.signal('SIGSTOP')
      await pause(planned.lastsMs)
      broker.signal('SIGCONT')
      return `one of ${stage.kafka.all.length} brokers frozen for ${planned.lastsMs} ms`
    },
  },
  'three brokers killed in turn': {
    weight: 3,
    brokers: 3,
    lastsMs: [500, 2_000],
    isLong: true,
    targets,
    run: async (stage, { lastsMs, which }) => {
      for (let i = 0; i < 3; i++) {
        const broker = stage.kafka.all[(which + i) % 3]!
        await broker.kill()
        await pause(lastsMs)
        await broker.start()
      }
      return `three brokers killed one after the other, each started again after ${lastsMs} ms`
    },
  },
  // Fewer in-sync replicas than a write takes: nothing may be acknowledged now.
  'two of three brokers killed': {
    weight: 2,
    brokers: 3,
    lastsMs: [500, 2_500],
    targets,
    run: async (stage, { lastsMs, which }) => {
      const two = [0, 1].map(i => stage.kafka.all[(which + i) % 3]!)
      await Promise.all(two.map(broker => broker.kill()))
      await pause(lastsMs)
      await Promise.all(two.map(broker => broker.start()))
      return `two of three brokers killed, started again after ${lastsMs} ms`
    },
  },
  'partitions added': {
    weight: 2,
    lastsMs: [200, 500],
    targets,
    run: async (stage, { lastsMs, chance }) => {
      const { topic, sender, kafka } = stage
      const count = Math.min(partitionsMax, sender.partitions + (chance < 0.5 ? 1 : 2))
      if (count === sender.partitions) return `${count} partitions are enough`
      await useAdmin(kafka, admin => {
        const found = async () =>
          (await admin.metadata({ topics: [topic], forceUpdate: true })).topics.get(topic)!.partitionsCount
        const isDone = async () => {
          // An answer may have been lost: they are there then, and asking again would be refused.
          if ((await found()) < count) await admin.createPartitions({ topics: [{ name: topic, count }] })
          return (await found()) === count
        }
        return until(isDone, addDeadlineMs, `there are ${count} partitions`)
      })
      sender.grow(count)
      await pause(lastsMs)
      return `partitions added: ${count} now`
    },
  },
}
