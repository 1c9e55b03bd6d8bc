import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig, type Source, WrongSettings } from '../../../src/runtime/config.ts'
import { createAuthority } from '../../support/certificates.ts'

const brokers = { KAFKA_BOOTSTRAP_SERVERS: 'kafka.example.com:9093' }
const sasl = { KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512', KAFKA_SASL_USERNAME: 'alice', KAFKA_SASL_PASSWORD: 'hush' }
const authority = createAuthority()
const [alice, bob] = [authority.issue({ name: 'alice' }), authority.issue({ name: 'bob' })]

const security = (given: Source) => parseConfig({ ...brokers, ...given }).kafka.security

function problems(given: Source, before: readonly string[] = []): readonly string[] {
  try {
    parseConfig(given, {}, before)
  } catch (error) {
    assert.ok(error instanceof WrongSettings)
    return error.problems
  }
  return []
}

test('each protocol takes what belongs to it', () => {
  const tls = { KAFKA_SSL_CA: authority.certificate, KAFKA_SSL_CERT: alice.certificate, KAFKA_SSL_KEY: alice.key }
  const credentials = { mechanism: 'SCRAM-SHA-512', username: 'alice', password: 'hush' }
  const certificates = { ca: authority.certificate, certificate: alice.certificate, key: alice.key }
  assert.deepEqual(security({}), { protocol: 'PLAINTEXT', sasl: undefined, tls: undefined })
  for (const [protocol, given, expected] of [
    ['SSL', tls, { sasl: undefined, tls: certificates }],
    ['SASL_PLAINTEXT', sasl, { sasl: credentials, tls: undefined }],
    ['SASL_SSL', { ...sasl, ...tls }, { sasl: credentials, tls: certificates }],
    ['SSL', {}, { sasl: undefined, tls: { ca: undefined, certificate: undefined, key: undefined } }],
  ] as const) {
    assert.deepEqual(security({ KAFKA_SECURITY_PROTOCOL: protocol, ...given }), { protocol, ...expected })
  }
})

test('settings that do not go together are named, with the way out, and no secret', () => {
  const cases: [Source, RegExp[]][] = [
    [
      { ...brokers, ...sasl },
      [
        /^KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD given, but KAFKA_SECURITY_PROTOCOL is PLAINTEXT; set that to SASL_SSL \(or SASL_PLAINTEXT\)/,
      ],
    ],
    [
      { ...brokers, KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SASL_PASSWORD: 'hush' },
      [/^KAFKA_SASL_PASSWORD given, .*; set that to SASL_SSL, or/],
    ],
    [
      { ...brokers, KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' },
      [/which needs KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD as well/],
    ],
    [
      { ...brokers, ...sasl, KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT', KAFKA_SSL_CA: authority.certificate },
      [/^KAFKA_SSL_CA given, .* SASL_PLAINTEXT; set that to SASL_SSL/],
    ],
    [{ ...brokers, KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CERT: alice.certificate }, [/without KAFKA_SSL_KEY/]],
    [{ ...brokers, KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_KEY: alice.key }, [/without KAFKA_SSL_CERT/]],
    [
      { ...brokers, KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CERT: alice.certificate, KAFKA_SSL_KEY: bob.key },
      [/is not the key of the first certificate/],
    ],
    [{ KAFKA_SECURITY_PROTOCOL: 'SSL' }, [/embedded Kafka speaks PLAINTEXT only; set KAFKA_BOOTSTRAP_SERVERS/]],
    // What is wrong by itself is said once, and together with the rest.
    [
      { ...brokers, ...sasl, KAFKA_SECURITY_PROTOCOL: 'TLS' },
      [/^KAFKA_SECURITY_PROTOCOL is "TLS"; allowed: PLAINTEXT, SSL, /],
    ],
    [
      { ...brokers, KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_MECHANISM: 'GSSAPI', KAFKA_SSL_CERT: 'none' },
      [
        /^KAFKA_SASL_MECHANISM is "GSSAPI"; allowed: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512$/,
        /^KAFKA_SSL_CERT is set, but/,
        /needs KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD as well/,
        /without KAFKA_SSL_KEY/,
      ],
    ],
  ]
  for (const [given, expected] of cases) {
    const found = problems(given)
    assert.equal(found.length, expected.length, found.join('\n'))
    for (const [index, pattern] of expected.entries()) assert.match(found[index]!, pattern)
    assert.doesNotMatch(found.join('\n'), /hush|PRIVATE|BEGIN [^"]*\n/)
  }
})

test('a password whose file cannot be read is not missing besides', () => {
  const { KAFKA_SASL_PASSWORD: _, ...rest } = sasl
  const unreadable = 'KAFKA_SASL_PASSWORD_FILE names /run/secrets/kafka, which is not there'
  assert.deepEqual(problems({ ...brokers, ...rest, KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' }, [unreadable]), [unreadable])
})
