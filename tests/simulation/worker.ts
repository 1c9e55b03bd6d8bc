/** Simulates what it is told to, on a core of its own. */
import { parentPort } from 'node:worker_threads'
import { simulate } from './schedules.ts'

parentPort!.on('message', async ({ from, count }: { from: number; count: number }) => {
  parentPort!.postMessage(await simulate(from, count))
})
