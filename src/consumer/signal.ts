/** Wakes one loop from another; a wake that comes while nobody waits is kept for the next wait. */
export class Signal {
  #woken = false
  #resolve: (() => void) | undefined

  wake(): void {
    this.#woken = true
    this.#resolve?.()
  }

  /** Returns after a wake, or after `ms`. */
  async wait(ms: number): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, ms)
        this.#resolve = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#resolve = undefined
    this.#woken = false
  }
}
