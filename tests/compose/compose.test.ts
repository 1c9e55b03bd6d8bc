/**
 * The whole of compose.yaml on a real engine, as one story: the tests run in order and go on where the last one ended.
 * Run by `npm run test:compose`, which has built the image.
 */
import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { before, type TestContext, test } from 'node:test'
import { Producer, stringSerializers } from '@platformatic/kafka'
import pg from 'pg'
import { assertBalanced, countedTable, fates, ledger, once, recount, type Sent } from '../support/counting.ts'
import { type Address, until } from '../support/environment.ts'
import { bytesOf, eventOf, uuidOf } from '../support/events.ts'
import { type Load, startLoad } from '../support/load.ts'
import { compose, containers, docker, exec, execNode, inspect, project, tryCompose } from './docker.ts'

const servers = ['soookeeper', 'kafka', 'postgres']
const roles = ['producer_service', 'consumer_service', 'api_service']
const services = [...servers, ...roles]

const topic = 'user_activities'
const seeded = '11111111-1111-1111-1111-111111111111'
const imageBytesMax = 300_000_000
/** What is promised on a machine of two cores that does little else; on a busy one it is shown, not judged. */
const healthyWithinMs = 40_000
const busyPerCore = 1.5
/** For a container to come back, on a busy machine too. */
const backWithinMs = 120_000

const { name, envFile, ports, otherPorts } = project()
let [kafkaPort, postgresPort, apiPort] = ports as [number, number, number]
const kafka = (): Address => ({ host: '127.0.0.1', port: kafkaPort, address: `127.0.0.1:${kafkaPort}` })
const database = (): pg.ClientConfig => ({
  host: '127.0.0.1',
  port: postgresPort,
  database: 'shop',
  user: 'keeper',
  password: 'p a$s"w#rd',
})
const get = (path: string) => fetch(`http://127.0.0.1:${apiPort}${path}`)
const set = (lines: Readonly<Record<string, string | number>>) =>
  appendFileSync(
    envFile,
    `${Object.entries(lines)
      .map(([setting, value]) => `${setting}=${value}\n`)
      .join('')}`,
  )

before(() => {
  set({ KAFKA_PORT: kafkaPort, POSTGRES_PORT: postgresPort, API_PORT: apiPort })
  // Other names than the defaults, and a password that must be quoted everywhere.
  set({ POSTGRES_DB: 'shop', POSTGRES_USER: 'keeper', POSTGRES_PASSWORD: `'p a$s"w#rd'` })
  // What a developer has set for the programs of the host must lead no container astray.
  set({ KAFKA_BOOTSTRAP_SERVERS: 'nowhere.invalid:9092', POSTGRES_HOST: 'nowhere.invalid', HEALTH_PORT: 1 })
})

test('the image is smaller than 300 MB and says what it is', async t => {
  const [image] = JSON.parse(await docker('image', 'inspect', name)) as [
    { Size: number; Config: { User: string; Labels: Record<string, string> } },
  ]
  t.diagnostic(`${Math.round(image.Size / 1e6)} MB`)
  assert.ok(image.Size < imageBytesMax, `${image.Size} bytes`)
  assert.equal(image.Config.User, '1000:1000')
  assert.equal(image.Config.Labels['org.opencontainers.image.title'], 'Footfall')
})

test('one `up` ends with all six healthy within 40 s, and Compose has nothing to warn of', async t => {
  const { code, err } = await tryCompose('config', '--quiet')
  assert.deepEqual([code, err], [0, ''])
  const load = loadavg()[0]! / availableParallelism()
  const startMs = performance.now()
  await compose('up', '--detach', '--wait')
  const tookMs = Math.round(performance.now() - startMs)
  const found = await inspect()
  assert.deepEqual(
    found.map(({ State: { Health } }) => Health?.Status),
    services.map(() => 'healthy'),
  )
  t.diagnostic(
    `all ${found.length} healthy after ${(tookMs / 1_000).toFixed(1)} s, with a load of ${load.toFixed(1)} per core before`,
  )
  if (load > busyPerCore) t.diagnostic('the machine was busy already: the time is not judged')
  else assert.ok(tookMs <= healthyWithinMs, `${tookMs} ms`)
})

test("the README's curl answers with the seeded row, and the API is there", async () => {
  assert.deepEqual(await seededRow(), { view_count: 5, click_count: 2, purchase_count: 1 })
  assert.deepEqual(await (await get('/health')).json(), { status: 'ok' })
  assert.equal((await get('/docs')).status, 200)
  assert.equal((await get('/openapi.json')).status, 200)
  assert.equal((await get(`/api/user-activity-summary/${uuidOf('nobody')}`)).status, 404)
})

/** The counts of the latest day, whatever the simulation says of the same user's other items. */
async function seededRow(): Promise<object> {
  const answer = await get(`/api/user-activity-summary/${seeded}`)
  assert.equal(answer.status, 200)
  const rows = (await answer.json()) as { item_id: string; date: string }[]
  const row = rows.find(({ item_id }) => item_id === 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa')
  assert.ok(row !== undefined)
  const { item_id, date, ...counts } = row
  return counts
}

test('no process is root, has a capability, or can gain one, and no file system can be written', async () => {
  const facts = /^(?:Uid|CapEff|CapBnd|NoNewPrivs):\s+(\w+)/gm
  for (const service of servers) {
    const status = await exec(service, 'bash', '-c', 'cat /proc/[0-9]*/status')
    assertHarmless(
      service,
      [...status.matchAll(facts)].map(([line]) => line),
    )
    const wrote = await tryCompose('exec', '--no-TTY', service, 'touch', '/usr/here')
    assert.match(wrote.err, /Read-only file system/, service)
  }
  for (const service of roles) {
    const read = `for (const pid of fs.readdirSync('/proc')) if (+pid) console.log(fs.readFileSync('/proc/' + pid + '/status', 'utf8'))`
    const status = await execNode(service, read)
    assertHarmless(
      service,
      [...status.matchAll(facts)].map(([line]) => line),
    )
    const write = `try { fs.writeFileSync('/app/here', '') } catch (error) { console.log(error.code) }`
    assert.equal(await execNode(service, write), 'EROFS', service)
  }
  assert.ok((await inspect()).every(({ HostConfig }) => HostConfig.ReadonlyRootfs))
})

/** @param lines of /proc/PID/status of every process, the one that asked included. */
function assertHarmless(service: string, lines: readonly string[]): void {
  assert.ok(lines.length >= 8, `${service}: ${lines.length} lines`)
  for (const line of lines) assert.match(line, /^Uid:\s+[1-9]|^Cap\w+:\s+0+$|^NoNewPrivs:\s+1$/, `${service} ${line}`)
}

test('the tools run in the image', async () => {
  const tool = (...args: string[]) => compose('run', '--rm', '--no-TTY', 'consumer_service', ...args)
  const status = JSON.parse(await tool('status', '--json')) as { topic: string; partitions: unknown[] }
  assert.deepEqual([status.topic, status.partitions.length], [topic, 4])
  assert.match(await tool('setup'), /tables: up to date/)
  const findings = JSON.parse(await tool('doctor', '--json')) as { about: string; verdict: string }[]
  assert.ok(findings.some(({ about }) => about === 'Postgres'))
  assert.deepEqual(
    findings.filter(({ verdict }) => verdict === 'wrong'),
    [],
  )
})

test('a client of the host may use every codec', async () => {
  const client = new Producer({
    clientId: 'tests',
    bootstrapBrokers: [kafka().address],
    serializers: stringSerializers,
  })
  const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
  try {
    for (const compression of codecs) {
      const value = bytesOf({ ...eventOf(0), user_id: uuidOf(compression) }).toString()
      await client.send({ messages: [{ topic, value }], compression })
    }
  } finally {
    await client.close()
  }
  for (const codec of codecs) {
    await until(
      async () => (await get(`/api/user-activity-summary/${uuidOf(codec)}`)).ok,
      20_000,
      `${codec} is counted`,
    )
  }
})

/** Everything that was sent from here, by all loads together. */
const sent: Sent[] = []

/** Sends from the host through all that the test does meanwhile; each event has an id. */
async function underLoad(t: TestContext, prefix: string, meanwhile: (load: Load) => Promise<void>): Promise<void> {
  const load = await startLoad(t, topic, n => eventOf(n, prefix), { perSecond: 500, partitions: 4, kafka: kafka() })
  await meanwhile(load)
  await load.stop()
  sent.push(...load.sent)
  t.diagnostic(`${load.sent.length} events`)
  await assertExact()
}

async function assertExact(): Promise<void> {
  const client = new pg.Client(database())
  client.on('error', () => {})
  await client.connect()
  try {
    const users = new Set(sent.map(({ user_id }) => user_id))
    const expected = recount(once(sent))
    const counted = async () =>
      new Map([...(await countedTable(client))].filter(([row]) => users.has(row.slice(0, 36))))
    await until(async () => sum(await counted()) >= sum(expected), backWithinMs, 'all that was sent is counted')
    assert.deepEqual(await counted(), expected)
    await assertBalanced(client)
    const { rejected, skipped } = await fates(client)
    assert.deepEqual({ rejected, skipped }, { rejected: 0, skipped: 0 })
    assert.ok((await ledger(client)).every(({ state, lineage }) => state === 'open' && lineage === 1))
  } finally {
    await client.end()
  }
}

const sum = (table: ReadonlyMap<string, string>): number =>
  [...table.values()].flatMap(counts => counts.split(',')).reduce((total, count) => total + Number(count), 0)

/** Waits until so many more events are acknowledged than now. */
async function more(load: Load, events: number, what: string): Promise<void> {
  const wanted = load.sent.length + events
  await until(() => load.sent.length >= wanted, backWithinMs, what)
}

const isHealthy = async (...some: string[]) =>
  (await inspect(...some)).every(({ State: { Health } }) => Health?.Status === 'healthy')

/**
 * Kills a service from inside, so that its restart policy applies (after `docker kill` it does not), and waits until its
 * container is healthy again.
 */
async function restarted(t: TestContext, service: string): Promise<void> {
  const [earlier] = await inspect(service)
  // Every process but the first, which is the engine's and ends with them. What runs this is killed with the container.
  const kill = servers.includes(service) ? ['bash', '-c', 'kill -9 -1'] : ['node', '-e', `process.kill(-1, 'SIGKILL')`]
  const startMs = performance.now()
  await tryCompose('exec', '--no-TTY', service, ...kill)
  const isBack = async () => {
    const [now] = await inspect(service)
    return now!.RestartCount > earlier!.RestartCount && now!.State.Health?.Status === 'healthy'
  }
  await until(isBack, backWithinMs, `${service} is back`)
  t.diagnostic(`${service} was killed and healthy again after ${secondsSince(startMs)} s`)
}

const secondsSince = (startMs: number): string => ((performance.now() - startMs) / 1_000).toFixed(1)

test('counts are exact when each service is killed or restarted under load', { timeout: 900_000 }, async t => {
  await underLoad(t, 'killed-', async load => {
    await more(load, 1_000, 'the load runs')
    await restarted(t, 'consumer_service')
    await more(load, 1_000, 'the load runs while the consumer is back')
    await compose('restart', 'postgres')
    await compose('restart', 'kafka')
    await more(load, 1_000, 'Kafka takes the load again after its restart')
    await restarted(t, 'kafka')
    await more(load, 1_000, 'Kafka takes the load again after it was killed')
    await compose('kill', 'postgres', 'consumer_service')
    await compose('up', '--detach', '--wait')
    for (const service of ['soookeeper', 'api_service', 'producer_service']) await restarted(t, service)
    await more(load, 1_000, 'the load runs in the end')
  })
  await until(() => isHealthy(), backWithinMs, 'all are healthy')
})

test('counts are exact when everything is stopped in the middle of a load and started again', async t => {
  await underLoad(t, 'stopped-', async load => {
    await more(load, 1_000, 'the load runs')
    const startMs = performance.now()
    await compose('stop')
    t.diagnostic(`stopped after ${secondsSince(startMs)} s`)
    for (const { Name, State } of await inspect()) {
      assert.ok(
        [0, 143].includes(State.ExitCode),
        `${Name} ended with ${State.ExitCode}: it was not left to end by itself`,
      )
    }
    await compose('up', '--detach', '--wait')
    await more(load, 1_000, 'the load runs again')
  })
})

test('three consumers share the partitions, and counts stay exact when they come and go', async t => {
  const client = new pg.Client(database())
  await client.connect()
  const owners = async () => {
    const { rows } = await client.query<{ owner: string }>('select distinct owner from partition_watch')
    return rows.length
  }
  await underLoad(t, 'scaled-', async load => {
    await compose('up', '--detach', '--wait', '--scale', 'consumer_service=3')
    assert.equal((await containers('consumer_service')).length, 3)
    await until(async () => (await owners()) === 3, backWithinMs, 'three consumers own partitions')
    await more(load, 1_000, 'the load runs with three')
    await compose('up', '--detach', '--wait')
    assert.equal((await containers('consumer_service')).length, 1)
    await until(async () => (await owners()) === 1, backWithinMs, 'one consumer owns all partitions')
    await more(load, 1_000, 'the load runs with one')
  }).finally(() => client.end())
})

test('a second `up` over the old volumes, with other ports and rates, goes on where the first was', async () => {
  const volumes = () => docker('volume', 'ls', '--quiet', '--filter', `label=com.docker.compose.project=${name}`)
  const before = await (await get(`/api/user-activity-summary/${uuidOf('zstd')}`)).json()
  await compose('down')
  assert.equal((await volumes()).split('\n').length, 3)
  ;[kafkaPort, postgresPort, apiPort] = otherPorts as [number, number, number]
  set({ KAFKA_PORT: kafkaPort, POSTGRES_PORT: postgresPort, API_PORT: apiPort })
  set({ LOG_LEVEL: 'debug', PRODUCER_EVENT_RATE: 0 })
  await compose('up', '--detach', '--wait')
  assert.deepEqual(await (await get(`/api/user-activity-summary/${uuidOf('zstd')}`)).json(), before)
  await assertExact()
  assert.deepEqual(await seededRow(), { view_count: 5, click_count: 2, purchase_count: 1 })
  assert.match(await compose('logs', 'producer_service'), /PRODUCER_EVENT_RATE is 0/)
})
