/** A deadline for work that cannot be called off: whoever waits goes on, what comes too late is thrown away properly. */

/**
 * @param discard takes a result that nobody waits for any more; its failure then is nobody's either.
 * @returns undefined when the time is up.
 */
export async function inTime<T>(
  work: Promise<T>,
  timeoutMs: number,
  discard: (late: T) => void,
): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<undefined>(resolve => {
    timer = setTimeout(() => {
      work.then(discard, () => {})
      resolve(undefined)
    }, timeoutMs)
  })
  try {
    return await Promise.race([work, tooLate])
  } finally {
    clearTimeout(timer)
  }
}
