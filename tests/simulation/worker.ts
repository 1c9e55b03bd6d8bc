/** Simulates what it is told to, on a core of its own. */
import { parentPort } from 'node:worker_threads'
import { simulate } from './schedules.ts'

// Faults are thrown by the thousand, and a stack takes longer than the fault; a bug is told by a replay, with its stack.
Error.stackTraceLimit = 0

parentPort!.on('message', async ({ from, count }: { from: number; count: number }) => {
  parentPort!.postMessage(await simulate(from, count))
})
