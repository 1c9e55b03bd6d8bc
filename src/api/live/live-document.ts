/** The stream as the API document has it. */
import type { Code } from '../problem.ts'

export const livePath = '/api/live'

/** Besides those of every path. */
export const liveProblems: readonly Code[] = ['unknown_parameter', 'repeated_parameter', 'overloaded']

const example = `retry: 1000

event: hello
data: {"version":"0.1.0","api_started_at":"2026-11-22T18:40:00.000Z","retry_ms":1000,"try_it":false,"rejects":false}

id: 5f0c3a91-17
event: state
data: {"at":"2026-11-22T18:40:12.071Z","state":"live","why":null,"ledger":{"read":"9","counted":"8","duplicate":"1","rejected":"0","skipped":"0","lost":"0"},"lag":0,"waited_ms":41,"seen_at":"2026-11-22T18:40:11.502Z","partitions":[]}

`

const about = `Server-sent events, for as long as the reader stays. The data of each is one JSON object, that of \`history\` an array; counts are strings of digits.

- \`hello\`, first: \`version\`, \`api_started_at\`, \`retry_ms\`, and whether \`/api/try\` (\`try_it\`) and \`/api/rejects\` (\`rejects\`) are there.
- \`state\`, when it has changed, about once a second: \`at\` (PostgreSQL's clock), \`state\` (\`waiting\`, \`live\`, \`behind\`, \`halted\` or \`stale\`), \`why\` in one sentence or null, \`ledger\` (\`read\` is the sum of the fates), \`lag\`, \`waited_ms\` (from append to commit, of the latest batches), \`seen_at\` (when a consumer was last heard of), \`partitions\` (256 at most, the halted ones among them). While PostgreSQL does not answer, the last one is sent as \`stale\` with its old \`at\`; before any was seen, \`at\` and \`ledger\` are null.
- \`history\`: the latest two minutes of \`[at, counted, read, lag, waited_ms]\`.
- \`activity\`: \`minutes\` of the last hour and \`days\` of the last month, each \`[when, views, clicks, purchases]\`, by append time; later only those that changed, with \`isChange\`.
- \`busiest\`: \`users\` and \`items\`, each \`[id, per_minute]\`, estimated from a sample of what was just counted.
- \`rejects\`: \`total\`, and \`recent\` in the last hour (the latest 1000 of each partition are looked at).
- \`beat\`, when nothing else was said for 5 s.

A reader that comes back with \`Last-Event-ID\` within a minute gets what it missed, from the process that gave the id; everybody else is told everything anew. One that lets more than 256 KiB wait is dropped.`

export const liveSchema = {
  operationId: 'getLive',
  tags: ['service'],
  summary: 'What happens, as it happens',
  description: about,
  headers: {
    type: 'object',
    properties: { 'Last-Event-ID': { type: 'string', description: 'The last id that was heard.' } },
  },
  response: {
    200: {
      description: 'The stream. It ends when the API stops.',
      headers: { 'X-Accel-Buffering': { type: 'string', const: 'no' } },
      content: { 'text/event-stream': { schema: { type: 'string' }, examples: { stream: { value: example } } } },
    },
  },
}
