/** What the tries of a moment came to: how often each outcome was really hit, and how long things took. */

export class Tally {
  readonly outcomes: Map<string, number>
  readonly #times = new Map<string, number[]>()

  /** @param outcomes all that there are: each has to be hit. */
  constructor(outcomes: readonly string[]) {
    this.outcomes = new Map(outcomes.map(outcome => [outcome, 0]))
  }

  hit(outcome: string): void {
    const times = this.outcomes.get(outcome)
    if (times === undefined) throw new Error(`"${outcome}" is no outcome of this moment`)
    this.outcomes.set(outcome, times + 1)
  }

  took(what: string, ms: number): void {
    this.#times.set(what, [...(this.#times.get(what) ?? []), ms])
  }

  get tries(): number {
    return [...this.outcomes.values()].reduce((sum, times) => sum + times, 0)
  }

  get missed(): string[] {
    return [...this.outcomes].flatMap(([outcome, times]) => (times === 0 ? [outcome] : []))
  }

  /** Each thing that was timed, in words: "p50 120 ms, max 310 ms of 36". */
  get times(): readonly (readonly [what: string, summary: string])[] {
    return [...this.#times].map(([what, all]) => {
      const sorted = [...all].sort((a, b) => a - b)
      const ms = (at: number) => `${Math.round(sorted[at]!)} ms`
      return [what, `p50 ${ms(sorted.length >> 1)}, max ${ms(sorted.length - 1)} of ${sorted.length}`]
    })
  }
}
