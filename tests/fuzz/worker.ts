/** Fuzzes one log after the other, as it is told their seeds. */
import { parentPort } from 'node:worker_threads'
import { kinds } from './kinds.ts'

// Text that is no JSON throws by the million, and a stack takes longer than the error.
Error.stackTraceLimit = 2

parentPort!.on('message', ({ seed, kindName }: { seed: number; kindName: keyof typeof kinds }) =>
  parentPort!.postMessage({ seed, ...kinds[kindName].run(seed) }),
)
