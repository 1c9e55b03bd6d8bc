/**
 * One schedule: consumers as they are, between a simulated log and simulated tables, while the dice do to them what may
 * happen; then the faults stop, and everything has to come to rest with the right counts.
 */
import type { Batch } from '../../src/consumer/batch.ts'
import type { Observer } from '../../src/consumer/core.ts'
import { Loop } from '../../src/consumer/loop.ts'
import { type Kernels, kernelPool } from '../../src/kernel/kernels.ts'
import { differingSettings, type Rules } from '../../src/postgres/rules.ts'
import { UnfitDatabase } from '../../src/postgres/unfit-database.ts'
import type { Event } from '../../src/runtime/events.ts'
import { PlainKernel } from '../support/plain-kernel.ts'
import { Broker } from './broker.ts'
import { changeRules } from './carry-out.ts'
import { Dice } from './dice.ts'
import { Operator } from './operator.ts'
import { Oracle, type OracleState } from './oracle.ts'
import { drawPlan, type Fault, type Plan } from './plan.ts'
import { Host, Scheduler } from './scheduler.ts'
import { Server } from './store.ts'
import { idKey } from './stored-ids.ts'
import { keyOf, Tables } from './tables.ts'

/** The fold as it is shipped, and the plain one: schedules take turns, by their seeds. */
export const kernelsOf = { compiled: kernelPool(), plain: kernelPool(() => new PlainKernel()) } as const
/** What is asked of it is a microtask: with a third of the cost of queueMicrotask, which keeps a context for each. */
const settled = Promise.resolve()
/** After the faults: who is not at rest by then never is. */
const restStepsMax = 6_000
const operatorLookMs = 700

export interface Outcome {
  readonly seed: number
  readonly hash: number
  readonly steps: number
  /** Undefined: everything was as it must be. */
  readonly failure: string | undefined
  readonly story: readonly string[]
}

interface Consumer {
  readonly host: Host
  readonly loop: Loop
  /** By which it was started. */
  readonly rules: Rules
  assigned: readonly number[]
  isLeaving: boolean
}

const deaf: Observer = { read() {}, settled() {}, transaction() {}, overtaken() {}, fault() {} }

export class World {
  readonly seed: number
  readonly plan: Plan
  readonly scheduler: Scheduler
  readonly #dice: Dice
  readonly #kernels: Kernels
  readonly #broker: Broker
  readonly #server: Server
  readonly #tables = new Tables()
  readonly #oracle: Oracle
  readonly #operator: Operator
  /** What belongs to no consumer: the supervisor, the group, the servers. */
  readonly #outside = new Host(0, 'outside')
  readonly #seen: (what: string) => void
  #consumers: Consumer[] = []
  #hosts = 0
  #isResting = false
  #failure: string | undefined
  #nextLookMs = 0

  /**
   * @param seen hears of every fault and rare state that is reached. @param tells whether to keep a story.
   * @param kernels makes no difference to anything that happens.
   */
  constructor(
    seed: number,
    seen: (what: string) => void,
    tells = false,
    planted?: (server: Server, broker: Broker) => void,
    kernels: Kernels = kernelsOf[seed % 2 === 0 ? 'plain' : 'compiled'],
  ) {
    this.seed = seed
    this.#kernels = kernels
    this.#seen = seen
    this.#dice = new Dice(seed)
    this.plan = drawPlan(this.#dice)
    this.scheduler = new Scheduler(this.#dice)
    if (tells) this.scheduler.story = []
    this.scheduler.jumps = this.plan.jumps
    this.#broker = new Broker(this.scheduler, this.plan.partitions)
    this.#server = new Server(this.#tables, this.scheduler, this.#outside, seen)
    this.#oracle = new Oracle(this.#tables, this.#broker)
    // Not written straight into the property: V8 would make it in its old space, with the world that it knows.
    const check = (settled: readonly Batch[]) => this.#oracle.committed(settled)
    this.#server.onCommit = check
    const person = new Host(1, 'operator')
    const { batchBytesMax } = this.plan.bounds
    this.#operator = new Operator(this.#broker, this.#server, this.scheduler, this.#oracle, person, batchBytesMax, seen)
    this.#tables.rules.push({ version: 1, ...this.plan.rules })
    Object.assign(this.#server.trouble, this.plan.trouble)
    planted?.(this.#server, this.#broker)
  }

  /** Runs it to its end. */
  run(): Promise<Outcome> {
    for (const log of this.#broker.topic.partitions) {
      for (let left = this.#dice.below(6); left > 0; left--) log.append(this.#jumpMs())
    }
    for (let left = this.plan.consumers; left > 0; left--) this.#start()
    this.#rebalance()
    return new Promise(resolve => {
      const step = () => {
        try {
          this.#step()
        } catch (error) {
          this.#failure ??= `the simulator failed: ${(error as Error).stack}`
        }
        this.#failure ??= this.#oracle.wrong ?? this.#refusal()
        const isOver = this.#failure !== undefined || (this.#isResting && this.#isAtRest())
        if (isOver) this.#end(resolve)
        else void settled.then(next)
      }
      // Ticks go before microtasks, but one that is asked for by a microtask waits until all of them are done: everything
      // that a step has set free has run when the next one begins.
      const next = () => process.nextTick(step)
      void settled.then(next)
    })
  }

  /** Something was thrown where nobody waited for it. */
  fail(error: unknown): void {
    this.#failure ??= `thrown where nobody waits: ${error instanceof Error ? error.stack : String(error)}`
  }

  #refusal(): string | undefined {
    const { refusedRow } = this.#server
    return refusedRow && `a constraint refuses what a consumer writes: ${refusedRow}`
  }

  /** What the last step has set free changes the trace no more, but can still fail. */
  #end(resolve: (outcome: Outcome) => void): void {
    const { hash, steps, story = [] } = this.scheduler
    const trace = { seed: this.seed, hash: hash >>> 0, steps, story }
    // Node tells of rejections that nobody handles, and lets go of them, when no tick is left to run: before this.
    setImmediate(() => {
      for (const consumer of this.#consumers) closeFolds(consumer)
      resolve({ ...trace, failure: this.#failure })
    })
  }

  #step(): void {
    const { steps } = this.scheduler
    if (!this.#isResting && steps >= this.plan.steps) this.#endFaults()
    if (this.#isResting) {
      if (steps > this.plan.steps + restStepsMax) {
        this.#failure = `not at rest after ${restStepsMax} steps without faults: ${this.#unrest()}`
        return
      }
      if (this.scheduler.nowMs >= this.#nextLookMs && !this.plan.leavesHalts) {
        this.#nextLookMs = this.scheduler.nowMs + operatorLookMs
        this.#operator.lookAtHalts()
      }
    } else if (this.#dice.chance(this.plan.eventRate)) {
      this.#do(this.#dice.pick(this.plan.faults))
    }
    if (!this.scheduler.step() && !this.#isResting) this.#do('append')
  }

  #endFaults(): void {
    this.#isResting = true
    this.scheduler.note('the faults end')
    const { trouble } = this.#server
    Object.assign(trouble, { lose: 0, refuse: 0, refuseData: 0, outage: undefined, poison: undefined })
    this.#broker.isDeleted = false
    for (const log of this.#broker.topic.partitions) {
      log.isAway = false
      while (log.endTransaction());
    }
    if (this.plan.leavesHalts) this.#broker.isCompacted = false
    for (const log of this.#broker.topic.partitions) log.isSilent = false
    for (const { host } of this.#consumers) host.isStopped = false
    if (this.#consumers.length === 0) this.#start()
    this.#rebalance(true)
    this.scheduler.unblock()
  }

  /** Every partition is counted to its end, and nothing is on the way. */
  #isAtRest(): boolean {
    if (this.#unrest() !== undefined) return false
    this.#oracle.compareCounts()
    this.#failure ??= this.#oracle.wrong
    return true
  }

  #unrest(): string | undefined {
    const { topic } = this.#broker
    for (let partition = 0; partition < topic.partitions.length; partition++) {
      const row = this.#tables.current(partition)
      if (row === undefined) return `partition ${partition} is not begun`
      if (row.state === 'halted' && this.plan.leavesHalts) continue
      if (row.state === 'halted') return `partition ${partition} is halted: ${row.halt?.reason}`
      const end = topic.partitions[partition]!.stableEnd
      if (row.topicId !== topic.id || row.next !== end) return `partition ${partition} is at ${row.next} of ${end}`
    }
    for (const { partition, state } of this.#tables.ledger.values()) {
      if (state === 'closed' || partition < topic.partitions.length) continue
      if (state === 'halted' && this.plan.leavesHalts) continue
      return `partition ${partition} is gone and not closed`
    }
    const rules = this.#tables.rules.at(-1)!
    const late = this.#consumers.find(({ assigned, rules: known }) => {
      return assigned.length > 0 && known !== rules && differingSettings(known, rules).length > 0
    })
    if (late !== undefined && !this.plan.leavesHalts) return `${late.host.name} counts under rules that were changed`
    return this.#server.open.size > 0 ? 'a transaction is open' : undefined
  }

  #start(): void {
    this.#hosts += 1
    const host = new Host(this.#hosts + 1, `consumer ${this.#hosts}`)
    const rules = this.#tables.rules.at(-1)!
    const log = this.#broker.logOf(host)
    const store = this.#server.storeOf(host)
    const say = (event: Event, facts: Readonly<Record<string, unknown>> = {}) => this.#hear(host, event, facts)
    const time = this.scheduler.timeOf(host)
    const loop = new Loop(log, store, { idKey, rules }, this.plan.bounds, say, deaf, time, this.#kernels)
    const consumer: Consumer = { host, loop, rules, assigned: [], isLeaving: false }
    this.#consumers.push(consumer)
    loop.run().then(
      () => this.#left(consumer),
      error => this.#ended(consumer, error),
    )
  }

  #hear(host: Host, event: Event, facts: Readonly<Record<string, unknown>>): void {
    this.#seen(event === 'partition_halted' ? `halted: ${facts['reason']}` : event)
    if (event === 'partition_overtaken' && host.wasStopped) this.#seen('a zombie overtaken')
    this.scheduler.story?.push(`                  ${host.name} says ${event} ${JSON.stringify(facts)}`)
  }

  #left(consumer: Consumer): void {
    if (!consumer.host.isAlive) return
    this.#seen('left in order')
    this.#bury(consumer)
  }

  #ended(consumer: Consumer, error: unknown): void {
    if (!consumer.host.isAlive) return
    if (!(error instanceof UnfitDatabase)) {
      this.#failure ??= `${consumer.host.name} ended: ${(error as Error).stack}`
      return
    }
    this.#seen('a consumer stopped because the rules were changed')
    this.#bury(consumer)
  }

  /** It is gone; another comes in its place. */
  #bury(consumer: Consumer): void {
    const { host } = consumer
    host.isAlive = false
    closeFolds(consumer)
    this.scheduler.forget(host)
    for (const transaction of [...this.#server.open]) {
      if (transaction.host === host) this.#server.abandon(transaction, transaction.isCommitSent)
    }
    this.#consumers = this.#consumers.filter(one => one !== consumer)
    this.scheduler.after(this.#outside, this.#dice.below(3_000), () => {
      if (this.#consumers.length < this.plan.consumers) this.#start()
      this.#rebalance(this.#isResting)
    })
  }

  /** The group gives partitions out; each member hears of it in its own time, a stopped one when it goes on. */
  #rebalance(isExact = false): void {
    const members = this.#consumers.filter(({ host, isLeaving }) => !host.isStopped && !isLeaving)
    if (members.length === 0) return
    const assigned = new Map(members.map(member => [member, [] as number[]]))
    for (let partition = 0; partition < this.#broker.topic.partitions.length; partition++) {
      const owners = members.filter(member => member.assigned.includes(partition))
      const owner = isExact && owners.length === 1 ? owners[0]! : this.#dice.pick(members)
      assigned.get(owner)!.push(partition)
      if (isExact || !this.#dice.chance(0.1)) continue
      const other = assigned.get(this.#dice.pick(members))!
      if (!other.includes(partition)) {
        other.push(partition)
        this.#seen('a partition given to two')
      }
    }
    for (const [member, partitions] of assigned) {
      member.assigned = partitions
      this.scheduler.after(member.host, this.#dice.below(300), () => {
        this.scheduler.story?.push(
          `                  ${member.host.name} is given ${partitions.join(', ') || 'nothing'}`,
        )
        member.loop.assign(member.assigned)
      })
    }
  }

  #jumpMs(): number {
    return this.#dice.chance(0.1) ? this.#dice.between(20, 150) * 60_000 : this.#dice.below(5 * 60_000)
  }

  /** Lets something happen to the world. */
  #do(fault: Fault): void {
    const what = this.#happens(fault)
    if (what === undefined) return
    if (fault !== 'append') this.#seen(`fault: ${fault}`)
    this.scheduler.note(what)
    this.scheduler.unblock()
  }

  #happens(fault: Fault): string | undefined {
    const dice = this.#dice
    const { topic } = this.#broker
    const partition = dice.below(topic.partitions.length)
    const log = topic.partitions[partition]!
    const consumer = this.#consumers.length === 0 ? undefined : dice.pick(this.#consumers)
    switch (fault) {
      case 'append':
        log.append(this.#jumpMs())
        return `appended to ${partition}, which ends at ${log.end}`
      case 'end a transaction':
        return log.endTransaction() ? `a transaction of ${partition} ends at ${log.end - 1}` : undefined
      case 'repair':
        return this.#repair(partition)
      case 'rebalance':
        this.#rebalance()
        return 'the group gives the partitions out anew'
      case 'crash':
        if (consumer === undefined) return undefined
        this.#bury(consumer)
        return `${consumer.host.name} is killed`
      case 'stop':
        if (consumer === undefined || consumer.host.isStopped) return undefined
        consumer.host.isStopped = true
        consumer.host.wasStopped = true
        this.scheduler.after(this.#outside, dice.pick([100, 1_000, 6_000, 12_000]), () => {
          consumer.host.isStopped = false
        })
        if (dice.chance(0.7)) this.#rebalance()
        return `${consumer.host.name} is stopped for a while`
      case 'leave':
        if (consumer === undefined || consumer.isLeaving || consumer.host.isStopped) return undefined
        consumer.isLeaving = true
        void consumer.loop.stop()
        this.#rebalance()
        return `${consumer.host.name} is asked to stop`
      case 'skew':
        if (consumer === undefined) return undefined
        consumer.host.skewMs = dice.between(-26, 26) * 3_600_000
        return `the clock of ${consumer.host.name} is set`
      case 'trim': {
        const { start } = log
        log.trim()
        return log.start === start ? undefined : `the log of ${partition} is trimmed to ${log.start}`
      }
      case 'truncate': {
        const { end } = log
        const isNoticed = dice.chance(0.65)
        if (!isNoticed) for (const one of this.#consumers) this.#bury(one)
        log.truncate(isNoticed)
        if (log.end === end) return undefined
        const isRegrown = dice.chance(0.6)
        if (isRegrown) for (let left = dice.between(1, 4); left > 0; left--) log.append(this.#jumpMs())
        if (isRegrown) this.#seen('fault: truncated and regrown')
        return `the log of ${partition} is truncated from ${end}${isRegrown ? ' and regrown' : ''}, ends at ${log.end}`
      }
      case 'recreate':
        this.#broker.recreate(dice.between(1, 4))
        return `the topic is created again with ${this.#broker.topic.partitions.length} partitions`
      case 'delete':
        this.#broker.isDeleted = !this.#broker.isDeleted
        return `the topic is ${this.#broker.isDeleted ? 'deleted' : 'there again'}`
      case 'damage': {
        const damage = log.damage()
        if (damage !== undefined) this.#seen(`damage: ${damage}`)
        return damage && `the log of ${partition} is damaged: ${damage}`
      }
      case 'compact':
        this.#broker.isCompacted = !this.#broker.isCompacted
        return `the topic is ${this.#broker.isCompacted ? 'compacted' : 'not compacted any more'}`
      case 'silence':
        log.isSilent = !log.isSilent
        return `the broker of ${partition} ${log.isSilent ? 'shows nothing' : 'shows again what it has'}`
      case 'broker away':
        log.isAway = !log.isAway
        return `the broker of ${partition} is ${log.isAway ? 'away' : 'back'}`
      case 'new leader':
        log.epoch += 1
        return `another broker leads ${partition}, epoch ${log.epoch}`
      case 'add a partition':
        if (topic.partitions.length >= 4) return undefined
        this.#broker.addPartition()
        this.#rebalance()
        return 'a partition is added'
      case 'outage': {
        const { trouble } = this.#server
        trouble.outage = trouble.outage === undefined ? dice.pick(['25006', '53100', '57P03', 'connection']) : undefined
        return `PostgreSQL ${trouble.outage === undefined ? 'works' : `fails with ${trouble.outage}`}`
      }
      case 'poison': {
        const { trouble } = this.#server
        if (trouble.poison !== undefined) trouble.poison = undefined
        else trouble.poison = { partition, offset: dice.between(log.start, log.end) }
        const { poison } = trouble
        return `PostgreSQL refuses ${poison === undefined ? 'nothing' : `${partition}:${poison.offset}`} for its values`
      }
      case 'cut': {
        const [transaction] = this.#server.open
        if (transaction === undefined) return undefined
        this.#server.rollback(transaction)
        return `PostgreSQL ends the transaction of ${transaction.host.name}`
      }
      case 'put back': {
        const backup = { tables: this.#tables.copy(), oracle: this.#oracle.copy() }
        this.scheduler.after(this.#outside, dice.between(200, 3_000), () => this.#putBack(backup))
        return 'the database is backed up'
      }
      case 'change the rules':
        return this.#changeRules()
      case 'operator':
        return this.#operator.lookAtHalts() ? 'a person looks at what is halted' : undefined
    }
  }

  #repair(partition: number): string | undefined {
    const rows = [...this.#tables.ledger.values()].filter(row => row.partition === partition)
    const kept = rows.flatMap(row => (this.#tables.rejects.get(keyOf(row)) ?? []).map(one => ({ row, one })))
    if (kept.length === 0) return undefined
    const { row, one } = this.#dice.pick(kept)
    const offset = one.reject.offset + (this.#dice.chance(0.1) ? 1 : 0)
    const other = this.#dice.chance(0.05) ? partition + 1 : partition
    const origin = `${row.topicId}/${other}/${row.lineage}/${offset}`
    const words = this.#broker.source(this.#dice, false).words.filter(({ value }) => value !== null)
    if (words.length === 0) return undefined
    this.#broker.topic.partitions[partition]!.appendRepair(words[0]!, origin)
    if (one.repair !== undefined) this.#seen('a repair sent again')
    return `a repair of ${origin} is appended to ${partition}`
  }

  #putBack({ tables, oracle }: { readonly tables: Tables; readonly oracle: OracleState }): void {
    if (this.#isResting) return
    for (const transaction of [...this.#server.open]) this.#server.rollback(transaction)
    this.#tables.putBack(tables)
    this.#oracle.putBack(oracle)
    this.#seen('an older database put back')
    this.scheduler.note('the older database is put back')
  }

  #changeRules(): string | undefined {
    if (this.#server.open.size > 0) return undefined // would wait for the lock of the table
    const { segmentIdsMax: _, ...drawn } = drawPlan(this.#dice).rules
    const rules = changeRules(this.#tables, drawn)
    this.#oracle.ruled(rules)
    return `rules ${rules.version} are put in force`
  }
}

/** Of who does nothing any more. */
function closeFolds({ loop }: Consumer): void {
  for (const { fold } of loop.partitions.values()) fold?.close()
}
