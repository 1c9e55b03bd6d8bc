/** What is to be proved: everything, the rows of a day or a user, or one partition. */

export interface Scope {
  readonly date?: string | undefined
  readonly user?: string | undefined
  readonly partition?: number | undefined
  /** Rows of the summary are compared: all partitions have to be recounted for it. */
  readonly isOfRows: boolean
  /** Fates, rejects and ids are compared. */
  readonly isOfPartitions: boolean
}

export interface WantedScope {
  readonly date?: string | undefined
  readonly user?: string | undefined
  readonly partition?: string | undefined
}

/** @returns a text: what is wrong with what somebody wanted. */
export function parseScope({ date, user, partition }: WantedScope): Scope | string {
  if (date !== undefined && !isDate(date)) return `--date is "${date}"; allowed: a date such as 2026-01-31`
  const isUuid = user === undefined || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(user)
  if (!isUuid) return `--user is "${user}"; allowed: a UUID`
  if (partition !== undefined && !/^\d{1,9}$/.test(partition)) return `--partition is "${partition}"; allowed: a number`
  const isOfRows = partition === undefined
  if (!isOfRows && (date !== undefined || user !== undefined)) {
    return '--partition proves no rows, which all partitions count into: leave it out to prove those of --date or --user'
  }
  return {
    date,
    user: user?.toLowerCase(),
    partition: isOfRows ? undefined : Number(partition),
    isOfRows,
    isOfPartitions: date === undefined && user === undefined,
  }
}

function isDate(text: string): boolean {
  const day = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined
  return (
    day !== undefined && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text) && !text.startsWith('0000')
  )
}
