/** The page is changed once per frame at most, whatever arrives between two of them. */

const waiting = new Set()

/**
 * Does the work before the next frame is drawn; the same work asked for twice is done once.
 * @param {() => void} work
 */
export function inNextFrame(work) {
  if (waiting.size === 0) requestAnimationFrame(doWork)
  waiting.add(work)
}

function doWork() {
  const work = [...waiting]
  waiting.clear()
  for (const each of work) each()
}
