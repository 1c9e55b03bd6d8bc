/** What the supervisor and the tests see of an embedded Kafka or PostgreSQL. */
export interface Embedded {
  readonly host: string
  readonly port: number
  /** host:port */
  readonly address: string
  readonly pid: number
  readonly logFile: string
  /** How it ended, to be read after its name: "ended with code 1". Never rejects. */
  readonly ended: Promise<string>
  /** In order, and by force after the deadline, which is 6 s unless given. */
  readonly stop: (deadlineMs?: number) => Promise<void>
  /** kill -9, until nothing of it runs. The folder can be started again at once, on the same port. */
  readonly kill: () => Promise<void>
}

export interface EmbeddedOptions {
  /** Holds its data; made when missing. One that still runs there, left by a killed supervisor, is stopped first. */
  readonly folder: string
  readonly logFile: string
  /** This port or none. Without it, the usual one when it is free, else any free one. */
  readonly port?: number | undefined
  readonly usualPort?: number | undefined
  /** More of its own settings, by name. */
  readonly settings?: Readonly<Record<string, string>>
  /** Gives up the start. */
  readonly signal?: AbortSignal | undefined
}
