/** A deadline for work that cannot be called off: whoever waits goes on, what comes too late is thrown away properly. */

/**
 * @param discard takes a result that nobody waits for any more; its failure then is nobody's either.
 * @returns undefined when the time is up.
 */
export function inTime<T>(work: Promise<T>, timeoutMs: number, discard: (late: T) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      resolve(undefined)
    }, timeoutMs)
    work.then(
      result => {
        clearTimeout(timer)
        if (isLate) discard(result)
        else resolve(result)
      },
      error => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
