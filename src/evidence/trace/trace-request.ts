/** What somebody asks `trace` about, understood. Pure. */

export type TraceRequest =
  | { readonly by: 'position'; readonly partition: number; readonly offset: number }
  | { readonly by: 'user'; readonly user: string; readonly eventId: string | undefined }

export interface TraceWords {
  readonly position?: string | undefined
  readonly user?: string | undefined
  readonly eventId?: string | undefined
}

/** What is wrong, and with which of the words. */
export interface Misunderstood {
  readonly wrong: keyof TraceWords
  readonly allowed: string
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function parseTrace({ position, user, eventId }: TraceWords): TraceRequest | Misunderstood {
  if (position !== undefined) {
    const match = /^(\d{1,9}):(\d{1,15})$/.exec(position)
    if (match === null) return { wrong: 'position', allowed: 'PARTITION:OFFSET, such as 0:120' }
    if (user !== undefined || eventId !== undefined) return { wrong: 'position', allowed: 'given alone' }
    return { by: 'position', partition: Number(match[1]), offset: Number(match[2]) }
  }
  if (user === undefined) return { wrong: 'position', allowed: 'PARTITION:OFFSET, or a user instead' }
  if (!uuid.test(user)) return { wrong: 'user', allowed: 'a UUID of the form 8-4-4-4-12' }
  if (eventId !== undefined && !/^[!-~]{1,128}$/.test(eventId)) {
    return { wrong: 'eventId', allowed: '1 to 128 characters from ! to ~' }
  }
  return { by: 'user', user: user.toLowerCase(), eventId }
}
