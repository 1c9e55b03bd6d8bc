/** Fuzzes one log after the other, as it is told their seeds. */
import { parentPort } from 'node:worker_threads'
import { fuzzLog } from './log.ts'

parentPort!.on('message', (seed: number) => parentPort!.postMessage({ seed, ...fuzzLog(seed) }))
