/** A place that is kept by one process of a role after another, and its way to PostgreSQL. */
import { closing, type Lifetime } from '../support/environment.ts'
import type { Decide, Proxy as PostgresProxy } from '../support/proxy.ts'
import { type Part, startPart } from './part.ts'

export interface Post {
  readonly verb: 'consumer' | 'api'
  readonly name: string
  readonly folder: string
  readonly settings: Readonly<Record<string, string>>
}

export class Member {
  readonly name: string
  readonly lives: Part[] = []
  /** What must not have happened: it ended by itself, or not as it was told. */
  readonly wrong: string[] = []
  /** The way to PostgreSQL goes through here; undefined: it goes straight. */
  proxy: PostgresProxy | undefined
  /** COMMITs of its that were lost on the way. */
  commitsLost = 0
  /** Nobody can expect an answer of it at the moment. */
  isAway = false
  #meddle: Decide | undefined
  readonly #post: Post
  /** Ends that we brought about. */
  readonly #ended = new Set<Part>()

  constructor(lifetime: Lifetime, post: Post) {
    this.#post = post
    this.name = post.name
    closing(lifetime, () => this.kill())
  }

  readonly decide: Decide = (sql, begun) => this.#meddle?.(sql, begun) ?? 'forward'

  /** The process that keeps the place now, or kept it last. */
  get part(): Part {
    return this.lives.at(-1)!
  }

  start(): void {
    const { verb, name, folder, settings } = this.#post
    const way = this.proxy === undefined ? {} : { POSTGRES_PORT: String(this.proxy.database.port) }
    const part = startPart(verb, `${name}-${this.lives.length + 1}`, folder, { ...settings, ...way })
    this.lives.push(part)
    void part.ended.then(how => {
      if (!this.#ended.has(part)) this.wrong.push(`${part.name} ${how} by itself, see ${folder}/${part.name}.log`)
    })
  }

  async kill(): Promise<void> {
    if (this.lives.length === 0) return
    this.#ended.add(this.part)
    await this.part.kill()
  }

  /** As an operator stops it: it must end cleanly and in time. */
  async stop(): Promise<void> {
    const { part } = this
    if (!part.running() || this.#ended.has(part)) return
    this.#ended.add(part)
    const how = await part.stop()
    // Told before it could listen: Node itself is still starting.
    if (how === 'was ended by SIGTERM' && part.lines().length === 0) return
    if (how !== 'ended with code 0') this.wrong.push(`${part.name} ${how} when it was told to stop`)
  }

  /** Has statements treated so while `work` lasts. */
  async meddling<T>(meddle: Decide, work: () => Promise<T>): Promise<T> {
    this.#meddle = meddle
    try {
      return await work()
    } finally {
      this.#meddle = undefined
    }
  }
}
