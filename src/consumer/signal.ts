/** Wakes one loop from another; a wake that comes while nobody waits is kept for the next wait. */
import type { Time } from '../runtime/time.ts'

export class Signal {
  readonly #time: Time
  #woken = false
  #resolve: (() => void) | undefined

  constructor(time: Time) {
    this.#time = time
  }

  wake(): void {
    this.#woken = true
    this.#resolve?.()
  }

  /** Returns after a wake, or after `ms`. */
  async wait(ms: number): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>(resolve => {
        const cancel = this.#time.after(ms, resolve)
        // A function written straight into a property is made in V8's old space, and keeps what it knows until the next
        // full collection; this one is made at each wait.
        const wakeUp = () => {
          cancel()
          resolve()
        }
        this.#resolve = wakeUp
      })
    }
    this.#resolve = undefined
    this.#woken = false
  }
}
