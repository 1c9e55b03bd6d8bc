/** Who runs this process, for what is recorded of a person's decisions. */
import { hostname, userInfo } from 'node:os'

/** @returns `user@host`. */
export function operator(): string {
  return `${userName()}@${hostname()}`
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}` // a container's user need not have a name
  }
}
