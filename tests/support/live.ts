/** A reader of /api/live, as a browser is: events as they come, with the id that was heard last. */
import { type IncomingMessage, request } from 'node:http'
import { closing, type Lifetime, until } from './environment.ts'

export interface Told {
  readonly id: string | undefined
  readonly name: string
  // biome-ignore lint/suspicious/noExplicitAny: each event has data of its own, which the tests take apart
  readonly data: any
}

export interface Listener {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly told: readonly Told[]
  readonly isEnded: () => boolean
  /** The id that a browser would come back with. */
  readonly lastId: () => string | undefined
  /** Waits for an event of this name that passes, among those that came and that come. */
  readonly hear: (name: string, passes?: (data: Told['data']) => boolean) => Promise<Told>
  /** Stops reading, but stays. */
  readonly pause: () => void
  readonly leave: () => void
}

const hearMs = 10_000

/** Begins to listen; it has left after the test. */
export async function listenTo(test: Lifetime, url: string, headers: Record<string, string> = {}): Promise<Listener> {
  const asked = request(`${url}/api/live`, { agent: false, headers: { accept: 'text/event-stream', ...headers } })
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.on('response', resolve).on('error', reject).end()
  })
  const told: Told[] = []
  let rest = ''
  let lastId: string | undefined
  let isEnded = false
  answer.setEncoding('utf8').on('data', (text: string) => {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop()!
    for (const block of blocks) {
      const one = eventOf(block)
      if (one === undefined) continue
      lastId = one.id ?? lastId
      told.push(one)
    }
  })
  const end = () => {
    isEnded = true
  }
  answer.on('close', end).on('error', end)
  closing(test, () => asked.destroy())
  return {
    ...{ status: answer.statusCode!, headers: answer.headers, told },
    isEnded: () => isEnded,
    lastId: () => lastId,
    hear: (name, passes = () => true) =>
      until(() => told.find(one => one.name === name && passes(one.data)), hearMs, `${name} is told`).catch(error => {
        const last = told.slice(-5).map(({ name, data }) => `${name} ${JSON.stringify(data).slice(0, 300)}`)
        throw new Error(`${(error as Error).message}; told last: ${last.join('; ')}`, { cause: error })
      }),
    pause: () => void answer.pause(),
    leave: () => void asked.destroy(),
  }
}

function eventOf(block: string): Told | undefined {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
  const [name, data] = [field('event'), field('data')]
  return name === undefined || data === undefined ? undefined : { id: field('id'), name, data: JSON.parse(data) }
}
