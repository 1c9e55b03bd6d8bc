/** The catalogue of bad inputs, settings (E): one line each, with how the refusal begins; `taken` where it is none. */
import type { Source } from '../../src/runtime/config.ts'

export interface SettingCase {
  readonly name: string
  readonly given: Source
  /** Of the one message there is. */
  readonly refusal: RegExp | 'taken'
}

const each = (name: string, setting: string, values: readonly string[]): SettingCase[] =>
  values.map(value => ({
    name: `${name}: ${setting}=${value}`,
    given: { [setting]: value },
    refusal: new RegExp(`^${setting} is ".*"; allowed: `),
  }))

export const settingCases: readonly SettingCase[] = [
  { name: 'E1 no database (contract: the embedded one)', given: {}, refusal: 'taken' },
  ...each('E1 a URL for a host', 'POSTGRES_HOST', ['postgres://db/footfall', 'http://db', 'db:5432', 'a b']),
  ...each('E2 brokers', 'KAFKA_BOOTSTRAP_SERVERS', [
    '',
    'host',
    'host:99999',
    'host:0',
    'a:1,',
    ',a:1',
    'a:1;b:2',
    '#',
  ]),
  { name: 'E2 blanks around commas', given: { KAFKA_BOOTSTRAP_SERVERS: ' a:1 , b:2 ' }, refusal: 'taken' },
  ...each('E3 a port', 'API_PORT', ['70000', 'abc', '0', '-1', '80.5', '0x50', '8e3', '']),
  ...each('E3 a port', 'POSTGRES_PORT', ['65536', 'five']),
  ...each('E4 a number', 'CONSUMER_MAX_BATCH_BYTES', ['0', '-5', 'NaN', 'Infinity', '1e9', '1048575', '9'.repeat(40)]),
  ...each('E4 a number', 'DEDUPE_MAX_IDS', ['0', '-5', 'NaN', 'Infinity', '1.5']),
  ...each('E4 a rate', 'PRODUCER_EVENT_RATE', ['-1', 'NaN', 'Infinity', '1e3']),
  ...each('E5 a flag', 'FOOTFALL_AWAIT_SEED', ['False', 'TRUE', 'yes', 'no', '0', '1', 'on', '']),
  ...['', 'short', 'x'.repeat(15), 'a token with blanks', 'x'.repeat(1_025)].map(value => ({
    name: `E13 a token of ${value.length} characters`,
    given: { ADMIN_TOKEN: value },
    refusal: /^ADMIN_TOKEN is /,
  })),
  ...each('E15 TLS without a check', 'POSTGRES_TLS', ['require', 'prefer', 'allow', 'true', 'no-verify']),
  {
    name: 'E15 a CA where TLS is off',
    given: { POSTGRES_TLS_CA: '-----BEGIN CERTIFICATE-----' },
    refusal: /^POSTGRES_TLS_CA /,
  },
  {
    name: 'E18 a secret in an address',
    given: { POSTGRES_HOST: 'postgres://me:hush@host/db' },
    refusal: /^POSTGRES_HOST/,
  },
]
