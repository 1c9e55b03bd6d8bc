/**
 * Decides what happens next. Whatever the consumers wait for is a call or a timer here, and nothing goes on before one of
 * them is picked by the dice: each step is followed by all that JavaScript does by itself, and then by the next step.
 */
import type { Time } from '../../src/runtime/time.ts'
import type { Dice } from './dice.ts'

/** A process that can be stopped (and then goes on, as a zombie) or killed (and then never hears of anything again). */
export class Host {
  readonly index: number
  readonly name: string
  isAlive = true
  isStopped = false
  wasStopped = false
  /** How far its wall clock is from ours. */
  skewMs = 0

  constructor(index: number, name: string) {
    this.index = index
    this.name = name
  }
}

/** What an effect returns that has to wait for another's lock: it is tried again when something was let go. */
export const blocked = Symbol('blocked')

interface Call {
  readonly host: Host
  readonly kind: string
  readonly detail: (() => string) | undefined
  readonly effect: () => unknown
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
  isBlocked: boolean
  /** The other side has done it, and its answer is on the way. */
  isAnswered: boolean
  hasFailed: boolean
  answer: unknown
}

interface Timer {
  readonly host: Host
  readonly atMs: number
  readonly work: () => void
}

/** Ms that a step takes at most. */
const stepMsMax = 3
/** When a schedule begins, on the wall. */
export const wallStartMs = Date.parse('2026-11-22T22:00:00Z')

export class Scheduler {
  nowMs = 0
  steps = 0
  /** Of everything that was picked: the same seed gives the same. */
  hash = 0x811c9dc5
  /** What happened, for people; undefined while nobody wants to read it. */
  story: string[] | undefined
  readonly dice: Dice
  readonly #calls: Call[] = []
  #timers: Timer[] = []
  #jumps = 0.04

  constructor(dice: Dice) {
    this.dice = dice
  }

  /** @param probability that a step waits for a timer although something else could happen. */
  set jumps(probability: number) {
    this.#jumps = probability
  }

  /**
   * Asks another machine for something. The effect happens there at once or later, its answer arrives later still.
   * @param kind one of few texts. @param detail what the story says instead.
   */
  call<T>(host: Host, kind: string, effect: () => T | typeof blocked, detail?: () => string): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const call: Call = {
        host,
        kind,
        detail,
        effect,
        resolve: resolve as (value: never) => void,
        reject,
        isBlocked: false,
        isAnswered: false,
        hasFailed: false,
        answer: undefined,
      }
      const haste = this.dice.below(10)
      // Done at once; and in half of these cases answered before anything else happens.
      if (haste < 6) this.#carryOut(call)
      if (haste < 4 && call.isAnswered) {
        this.steps += 1
        settle(call)
      } else {
        this.#calls.push(call)
      }
    })
  }

  /** Does `work` on the host after `ms`. */
  after(host: Host, ms: number, work: () => void): () => void {
    const timer = { host, atMs: this.nowMs + Math.max(0, ms), work }
    this.#timers.push(timer)
    return () => {
      const at = this.#timers.indexOf(timer)
      if (at >= 0) this.#timers.splice(at, 1)
    }
  }

  /** Whoever waited for a lock tries again. */
  unblock(): void {
    for (const call of this.#calls) call.isBlocked = false
  }

  /** Nothing of a dead host happens any more; what it has sent may still arrive, as `world` decides. */
  forget(host: Host): void {
    for (let at = this.#calls.length - 1; at >= 0; at--) if (this.#calls[at]!.host === host) this.#calls.splice(at, 1)
    this.#timers = this.#timers.filter(timer => timer.host !== host)
  }

  timeOf(host: Host): Time {
    return {
      nowMs: () => this.nowMs,
      wallMs: () => wallStartMs + this.nowMs + host.skewMs,
      after: (ms, work) => this.after(host, ms, work),
      turn: () => this.call(host, 'turn', () => {}),
    }
  }

  /** Lets one thing happen. @returns false when nothing can. */
  step(): boolean {
    this.steps += 1
    this.nowMs += this.dice.below(stepMsMax)
    const timer = this.#nextTimer()
    const isDue = timer !== undefined && timer.atMs <= this.nowMs
    if (timer !== undefined && this.dice.chance(isDue ? 0.5 : this.#jumps)) return this.#fire(timer)
    return this.#pick() || (timer !== undefined && this.#fire(timer))
  }

  note(what: string): void {
    this.#fold(textHash(what), -1)
    this.story?.push(`${this.#stamp()} ${what}`)
  }

  #fold(code: number, index: number): void {
    let hash = Math.imul(this.hash ^ this.nowMs, 0x01000193)
    hash = Math.imul(hash ^ (index + 2), 0x01000193)
    hash = Math.imul(hash ^ code, 0x01000193)
    this.hash = hash ^ (hash >>> 15)
  }

  #stamp(): string {
    return `${String(this.steps).padStart(5)} ${(this.nowMs / 1_000).toFixed(3).padStart(8)} s `
  }

  #nextTimer(): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.host.isStopped) continue
      if (next === undefined || timer.atMs < next.atMs) next = timer
    }
    return next
  }

  #fire(timer: Timer): true {
    this.#timers.splice(this.#timers.indexOf(timer), 1)
    this.nowMs = Math.max(this.nowMs, timer.atMs)
    this.#fold(codeOf('timer'), timer.host.index)
    timer.work()
    return true
  }

  #pick(): boolean {
    const calls = this.#calls
    const count = calls.length
    let at = this.dice.below(Math.max(1, count))
    for (let tried = 0; tried < count; tried++) {
      const call = calls[at]!
      if (!call.isBlocked && !(call.isAnswered && call.host.isStopped)) {
        this.#goOn(call)
        return true
      }
      at = at + 1 === count ? 0 : at + 1
    }
    return false
  }

  #goOn(call: Call): void {
    if (!call.isAnswered) {
      this.#carryOut(call)
      if (!call.isAnswered || call.host.isStopped || this.dice.chance(0.15)) return
    }
    // The effect may have killed its own host.
    const at = this.#calls.indexOf(call)
    if (at < 0) return
    this.#calls[at] = this.#calls.at(-1)!
    this.#calls.pop()
    settle(call)
  }

  #carryOut(call: Call): void {
    try {
      const answer = call.effect()
      if (answer === blocked) {
        call.isBlocked = true
        this.#fold(codeOf(call.kind), 100 + call.host.index)
        return
      }
      call.answer = answer
    } catch (error) {
      call.answer = error
      call.hasFailed = true
    }
    call.isAnswered = true
    this.#fold(codeOf(call.kind), call.host.index)
    if (this.story !== undefined && call.kind !== 'turn') {
      const failed = call.hasFailed ? `: ${(call.answer as Error).message}` : ''
      this.story.push(`${this.#stamp()} ${call.host.name} ${call.detail?.() ?? call.kind}${failed}`)
    }
  }
}

/** `kind 0`, `kind 1`, ...: said often, so each is made once. */
export function numbered(kind: string): (number: number) => string {
  const texts: string[] = []
  return number => {
    texts[number] ??= `${kind} ${number}`
    return texts[number]
  }
}

function settle(call: Call): void {
  if (call.hasFailed) call.reject(call.answer)
  else call.resolve(call.answer as never)
}

const codes = new Map<string, number>()

/** FNV-1a, once for each text that is said often. */
function codeOf(kind: string): number {
  let code = codes.get(kind)
  if (code === undefined) {
    code = textHash(kind)
    codes.set(kind, code)
  }
  return code
}

function textHash(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash
}
