/**
 * Questions that come at the same time are asked together. Whoever comes while a round is under way waits for the next
 * one, which asks for all who came meanwhile: the more there is to do, the less each question costs, and who is alone
 * waits for nobody. Keeps G8: a round begins after its questions have come, so no answer is older than its question.
 */

export interface Rounds<Answer> {
  /** @throws what `askTogether` throws. */
  ask(key: string): Promise<Answer | undefined>
  /** How many keys wait for a round to begin. */
  waiting(): number
}

export interface Asking<Answer> {
  /** Asks for all of them at once; what has no answer is left out. */
  askTogether(keys: readonly string[]): Promise<ReadonlyMap<string, Answer>>
  /** Whether it may be the fault of one of them that all have failed. Then each is asked alone. */
  mayBeOnes(error: unknown): boolean
}

/** Rounds under way. Half of the pool is left to long lists, to pages and to looks at the ledger. */
const roundsMax = 4

/** Without a bound a round would be late for all who are in it, and all its answers would be held at once. */
const keysMax = 64

/** One round after the other makes the largest ones; but one that takes longer than this does not hold up the next. */
const slowMs = 5

type Askers<Answer> = Map<string, PromiseWithResolvers<Answer | undefined>>

export function createRounds<Answer>({ askTogether, mayBeOnes }: Asking<Answer>): Rounds<Answer> {
  const waiting: Askers<Answer> = new Map()
  let underWay = 0
  let isDue = false
  let overdue: NodeJS.Timeout | undefined

  /** Takes along all who come in this turn of the event loop. */
  function beginSoon() {
    if (isDue) return
    isDue = true
    setImmediate(() => {
      isDue = false
      begin()
    })
  }

  function begin() {
    clearTimeout(overdue)
    overdue = undefined
    if (waiting.size === 0 || underWay === roundsMax) return
    underWay += 1
    void run(takeFirst(waiting, keysMax))
    if (waiting.size > 0) beginLater()
  }

  function beginLater() {
    if (underWay < roundsMax) overdue ??= setTimeout(begin, slowMs)
  }

  async function run(askers: Askers<Answer>): Promise<void> {
    try {
      const answers = await askTogether([...askers.keys()])
      // The next round first: PostgreSQL reads for it while these answers are written.
      end()
      for (const [key, { resolve }] of askers) resolve(answers.get(key))
    } catch (error) {
      await fail(askers, error)
      end()
    }
  }

  async function fail(askers: Askers<Answer>, error: unknown): Promise<void> {
    if (askers.size === 1 || !mayBeOnes(error)) {
      for (const { reject } of askers.values()) reject(error)
      return
    }
    const alone = [...askers].map(([key, { resolve, reject }]) =>
      askTogether([key]).then(answers => resolve(answers.get(key)), reject),
    )
    await Promise.all(alone)
  }

  function end() {
    underWay -= 1
    begin()
  }

  return {
    ask(key) {
      const same = waiting.get(key)
      if (same !== undefined) return same.promise
      const asker = Promise.withResolvers<Answer | undefined>()
      waiting.set(key, asker)
      if (underWay === 0) beginSoon()
      else beginLater()
      return asker.promise
    },
    waiting: () => waiting.size,
  }
}

/** Those who have waited longest. */
function takeFirst<Value>(all: Map<string, Value>, max: number): Map<string, Value> {
  const first = new Map([...all].slice(0, max))
  for (const key of first.keys()) all.delete(key)
  return first
}
