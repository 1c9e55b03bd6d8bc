/** What is given for TLS is looked at before anything starts. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { parseConfig, type Source, WrongSettings } from '../../../src/runtime/config.ts'
import { type Setting, settings } from '../../../src/runtime/settings.ts'
import { createAuthority } from '../../support/certificates.ts'

const authority = createAuthority()
const client = authority.issue({ name: 'footfall' })
const other = authority.issue({ name: 'other' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const encrypted = rsa.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hush' }) as string

function problemsOf(named: Source, files = new Map<string, string>()): readonly string[] {
  try {
    parseConfig(named, {}, [], files)
  } catch (error) {
    assert.ok(error instanceof WrongSettings)
    return error.problems
  }
  return []
}

const on = { POSTGRES_HOST: 'db', POSTGRES_TLS: 'verify-full' }
const pair = { POSTGRES_TLS_CERT: client.certificate, POSTGRES_TLS_KEY: client.key }

test('what is right is taken: a chain of certificates, text around them, other kinds of keys', () => {
  const named = { ...on, ...pair, POSTGRES_TLS_CA: `# two\n${authority.certificate}${createAuthority().certificate}` }
  const { tls } = parseConfig(named).postgres
  assert.deepEqual(tls, {
    mode: 'verify-full',
    ca: named.POSTGRES_TLS_CA,
    certificate: client.certificate,
    key: client.key,
  })
  assert.deepEqual(problemsOf({ ...on, POSTGRES_TLS: 'verify-ca' }), [])
  const chain = { ...pair, POSTGRES_TLS_CERT: client.certificate + authority.certificate }
  assert.deepEqual(problemsOf({ ...on, ...chain }), [])
  assert.equal(parseConfig({ POSTGRES_HOST: 'db' }).postgres.tls.mode, 'disable')
})

const texts = (settings as readonly Setting[]).filter(({ type }) => type.kind === 'pem')

test('what is no PEM text is told with its cause and the setting for a path, and never shown', () => {
  assert.ok(texts.length >= 3)
  for (const { name, type } of texts) {
    const isKey = type.kind === 'pem' && type.of === 'key'
    const good = isKey ? client.key : client.certificate
    const label = isKey ? 'PRIVATE KEY' : 'CERTIFICATE'
    const allowed = isKey ? 'a private key in PEM that is not encrypted' : 'certificates in PEM'
    const cases: [string, string][] = [
      ['/etc/ssl/hush.pem', `there is no "-----BEGIN ${label}-----" in it`],
      [isKey ? client.certificate : client.key, `there is no "-----BEGIN ${label}-----" in it`],
      [good.replace(/\n[^-\n]{20}/, '\nAAAA'), isKey ? 'it cannot be read' : 'a certificate in it cannot be read'],
    ]
    if (isKey) {
      const why = 'it is encrypted; decrypt it (openssl pkey) and let only its owner read the file'
      cases.push([encrypted, why])
    } else {
      const cut = `${good}-----BEGIN CERTIFICATE-----\nAAAA`
      cases.push([cut, 'a certificate in it is cut off'])
    }
    for (const [value, why] of cases) {
      const path = ` itself; its path goes into ${name}_FILE`
      // What does not go together with it is told after that.
      const [inPlace] = problemsOf({ [name]: value })
      assert.equal(inPlace, `${name} is set, but ${why}; allowed: ${allowed}${path}`)
      const [inFile] = problemsOf({ [name]: value }, new Map([[name, '/run/x.pem']]))
      assert.equal(inFile, `${name}_FILE names /run/x.pem, but ${why}; allowed: ${allowed}`)
    }
  }
})

test('settings that do not go together are refused', () => {
  const cases: [Source, RegExp][] = [
    [{ ...on, POSTGRES_TLS_CERT: client.certificate }, /^POSTGRES_TLS_CERT is set without its key: .*POSTGRES_TLS_KEY/],
    [{ ...on, POSTGRES_TLS_KEY: client.key }, /^POSTGRES_TLS_KEY is set without its certificate: /],
    [{ ...on, ...pair, POSTGRES_TLS_KEY: other.key }, /^POSTGRES_TLS_KEY is not the key of the first certificate/],
    [{ POSTGRES_TLS_CA: authority.certificate }, /^POSTGRES_TLS_CA is set, but .* not be encrypted: set POSTGRES_TLS=/],
    [{ POSTGRES_TLS: 'verify-full' }, /^POSTGRES_TLS is verify-full, but POSTGRES_HOST is not set/],
    [{ ...on, POSTGRES_HOST: '/var/run/postgresql' }, /^POSTGRES_TLS is verify-full, but POSTGRES_HOST is the folder/],
  ]
  for (const [named, expected] of cases) {
    const problems = problemsOf(named)
    assert.equal(problems.length, 1, problems.join('\n'))
    assert.match(problems[0]!, expected)
    assert.doesNotMatch(problems[0]!, /BEGIN/)
  }
  assert.equal(problemsOf(pair).length, 2)
})
