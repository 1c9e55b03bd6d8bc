/**
 * `npm run bench:viewers`: what readers of /api/live cost the API and PostgreSQL while events are counted, on a Kafka and a
 * PostgreSQL of its own. Flags: --viewers, --seconds, --rate (events a second).
 */
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openLab, said } from './lab.ts'
import { cpuSeconds, machine, megabytes } from './machine.ts'

const { values: flags } = parseArgs({
  options: {
    viewers: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '20' },
    rate: { type: 'string', default: '10' },
  },
})
const seconds = Number(flags.seconds)
/** Connecting is not what is measured. */
const settleMs = 3_000
const port = '18998'
const say = (line: string) => process.stdout.write(`${line}\n`)

const lab = await openLab()
try {
  const env = lab.settings('viewers', 'viewers')
  await lab.createDatabase(env)
  const consumer = lab.run('consumer', env)
  await said(consumer, 'partition opened', 4)
  const api = lab.run('api', { ...env, API_PORT: port })
  await said(api, 'listening')
  const producer = lab.run('producer', { ...env, PRODUCER_EVENT_RATE: flags.rate })
  const client = await lab.connect('viewers')
  const transactions = async () => {
    const { rows } = await client.query<{ done: string }>(
      'select xact_commit as done from pg_stat_database where datname = current_database()',
    )
    return Number(rows[0]!.done)
  }
  say(`${machine()}; ${flags.rate} events/s, 4 partitions, ${seconds} s each\n`)
  say('| readers | processor of the api | its memory | sent | transactions of PostgreSQL, all processes |')
  say('| ---: | ---: | ---: | ---: | ---: |')
  for (const viewers of new Set([0, 1, Number(flags.viewers)])) {
    const heard = { bytes: 0 }
    const streams = await open(viewers, heard)
    await pause(settleMs)
    const [cpu, bytes, done, startedMs] = [cpuSeconds(api.pid!), heard.bytes, await transactions(), performance.now()]
    await pause(seconds * 1_000)
    const lasted = (performance.now() - startedMs) / 1_000
    const share = (((cpuSeconds(api.pid!) - cpu) / lasted) * 100).toFixed(1)
    const sent = ((heard.bytes - bytes) / lasted / 1_000).toFixed(0)
    const asked = (((await transactions()) - done) / lasted).toFixed(1)
    say(`| ${viewers} | ${share} % of a core | ${megabytes(api.pid!)} MB | ${sent} kB/s | ${asked} /s |`)
    for (const stream of streams) stream.destroy()
  }
  await Promise.all([lab.stop(producer), lab.stop(consumer), lab.stop(api)])
  await client.end()
} finally {
  await lab.close()
}

async function open(viewers: number, heard: { bytes: number }): Promise<ClientRequest[]> {
  const streams: ClientRequest[] = []
  for (let n = 0; n < viewers; n++) {
    const stream = request(`http://127.0.0.1:${port}/api/live`, { agent: false }).end()
    const [answer] = (await once(stream, 'response')) as [IncomingMessage]
    if (answer.statusCode !== 200) throw new Error(`reader ${n} was answered ${answer.statusCode}`)
    answer.on('error', () => {}) // it is cut off at the end
    answer.on('data', (part: Buffer) => {
      heard.bytes += part.length
    })
    streams.push(stream)
  }
  return streams
}
