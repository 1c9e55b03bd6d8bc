/**
 * Every setting there is: name, kind, default, range and what it is for. `.env.example` and the error messages say the
 * same; a test holds them together.
 */
import { mechanisms, protocols } from './kafka-security.ts'
import type { PemKind } from './pem.ts'

export type Kind =
  | { readonly kind: 'text'; readonly pattern?: RegExp; readonly allowed: string }
  | { readonly kind: 'number'; readonly min: number; readonly max: number; readonly whole: boolean }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  | { readonly kind: 'brokers' }
  | { readonly kind: 'pem'; readonly of: PemKind }
  | { readonly kind: 'flag' }

export interface Setting {
  readonly name: string
  readonly type: Kind
  /** Used when neither the environment nor `.env` nor the running stack says otherwise; none means "unset". */
  readonly fallback?: string
  /** Never shown. */
  readonly secret?: true
  /** `NAME_FILE` may give the path of a file with its value instead. Every secret and every PEM text has this. */
  readonly fromFile?: true
  readonly about: string
}

const text = (pattern: RegExp, allowed: string): Kind => ({ kind: 'text', pattern, allowed })
const whole = (min: number, max: number): Kind => ({ kind: 'number', min, max, whole: true })
const port = whole(1, 65_535)
const name63 = text(/^[A-Za-z_][A-Za-z0-9_$-]{0,62}$/, 'a PostgreSQL name of 1 to 63 characters')
const host = text(
  /^[^\s/:@]+$|^\/\S*$|^[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*$/,
  'a host name or an address, without a port or a user, or the folder of a socket',
)

export const settings = [
  {
    name: 'KAFKA_BOOTSTRAP_SERVERS',
    type: { kind: 'brokers' },
    fallback: '127.0.0.1:9092',
    about: 'Brokers to ask first, host:port separated by commas. Set it to use a Kafka of your own.',
  },
  {
    name: 'KAFKA_TOPIC_USER_ACTIVITIES',
    type: text(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/, '1 to 249 of the characters A-Z a-z 0-9 . _ -'),
    fallback: 'user_activities',
    about: 'The topic of the events. A database remembers its topic and refuses another.',
  },
  {
    name: 'KAFKA_CONSUMER_GROUP',
    type: text(/^\S{1,255}$/, '1 to 255 characters without blanks'),
    fallback: 'footfall',
    about: 'Consumers of one group share the partitions.',
  },
  {
    name: 'KAFKA_GROUP_INSTANCE_ID',
    type: text(/^[A-Za-z0-9._-]{1,249}$/, '1 to 249 of the characters A-Z a-z 0-9 . _ -'),
    about: 'A static member id: a consumer that comes back under it within 10 s takes over at once. One per process.',
  },
  {
    name: 'KAFKA_TOPIC_PARTITIONS',
    type: whole(1, 10_000),
    fallback: '4',
    about: 'Partitions of the topic when it is created here.',
  },
  {
    name: 'KAFKA_TOPIC_REPLICATION',
    type: whole(1, 100),
    about: "Replicas of each partition when the topic is created here. Unset: the broker's default.",
  },
  {
    name: 'KAFKA_TOPIC_RETENTION_DAYS',
    type: whole(1, 36_500),
    fallback: '30',
    about: 'How long the topic keeps events when it is created here: how far back proofs reach.',
  },
  {
    name: 'KAFKA_SECURITY_PROTOCOL',
    type: { kind: 'choice', of: protocols },
    fallback: 'PLAINTEXT',
    about: 'How brokers are reached: SSL encrypts, SASL asks for user and password. See docs/security.md.',
  },
  {
    name: 'KAFKA_SASL_MECHANISM',
    type: { kind: 'choice', of: mechanisms },
    about: 'How user and password are shown to the brokers.',
  },
  { name: 'KAFKA_SASL_USERNAME', type: text(/^\S+$/, 'a name without blanks'), about: 'The user of SASL.' },
  {
    name: 'KAFKA_SASL_PASSWORD',
    type: { kind: 'text', allowed: 'any text' },
    secret: true,
    fromFile: true,
    about: 'The password of SASL.',
  },
  {
    name: 'KAFKA_SSL_CA',
    type: { kind: 'pem', of: 'certificates' },
    fromFile: true,
    about: "The CAs that may have signed the brokers' certificates. Unset: those that Node brings.",
  },
  {
    name: 'KAFKA_SSL_CERT',
    type: { kind: 'pem', of: 'certificates' },
    fromFile: true,
    about: 'The certificate by which brokers know us, where they ask for one, and those that lead to its CA.',
  },
  {
    name: 'KAFKA_SSL_KEY',
    type: { kind: 'pem', of: 'key' },
    secret: true,
    fromFile: true,
    about: 'Its key.',
  },
  {
    name: 'KAFKA_PORT',
    type: port,
    fallback: '9092',
    about: 'Where Docker Compose offers its Kafka to programs on this machine. Only compose.yaml reads it.',
  },
  {
    name: 'POSTGRES_HOST',
    type: host,
    fallback: '127.0.0.1',
    about: 'Where PostgreSQL is. Set it to use a PostgreSQL of your own.',
  },
  { name: 'POSTGRES_PORT', type: port, fallback: '5432', about: 'Its port.' },
  { name: 'POSTGRES_DB', type: name63, fallback: 'footfall', about: 'The database.' },
  { name: 'POSTGRES_USER', type: name63, fallback: 'footfall', about: 'The user.' },
  {
    name: 'POSTGRES_PASSWORD',
    type: { kind: 'text', allowed: 'any text' },
    fallback: 'footfall',
    secret: true,
    fromFile: true,
    about: 'The password.',
  },
  {
    name: 'POSTGRES_TLS',
    type: { kind: 'choice', of: ['disable', 'verify-ca', 'verify-full'] },
    fallback: 'disable',
    about: "Encrypts the connection; verify-full checks the server's certificate and its host, verify-ca not the host.",
  },
  {
    name: 'POSTGRES_TLS_CA',
    type: { kind: 'pem', of: 'certificates' },
    fromFile: true,
    about: "The CA of the server's certificate, PEM. Unset: those that Node knows.",
  },
  {
    name: 'POSTGRES_TLS_CERT',
    type: { kind: 'pem', of: 'certificates' },
    fromFile: true,
    about: 'Our own certificate, PEM, for a server that asks for one.',
  },
  {
    name: 'POSTGRES_TLS_KEY',
    type: { kind: 'pem', of: 'key' },
    secret: true,
    fromFile: true,
    about: 'Its private key, PEM, not encrypted.',
  },
  {
    name: 'PRODUCER_EVENT_RATE',
    type: { kind: 'number', min: 0, max: 100_000, whole: false },
    fallback: '2',
    about: 'Simulated events a second. 0 sends none but the seeded ones.',
  },
  { name: 'PRODUCER_USERS', type: whole(1, 10_000_000), fallback: '1000', about: 'Users in the simulated population.' },
  { name: 'PRODUCER_ITEMS', type: whole(1, 10_000_000), fallback: '200', about: 'Items they look at.' },
  {
    name: 'MAX_EVENT_AGE_DAYS',
    type: whole(1, 36_500),
    fallback: '400',
    about: 'An event older than this, measured against its append time, is rejected. A rule.',
  },
  {
    name: 'MAX_EVENT_AHEAD_MINUTES',
    type: whole(0, 525_600),
    fallback: '60',
    about: 'An event further ahead of its append time is rejected. A rule.',
  },
  {
    name: 'DEDUPE_WINDOW_HOURS',
    type: whole(1, 8_760),
    fallback: '24',
    about: 'How long an event id is remembered, by the clock of its partition. A rule.',
  },
  {
    name: 'DEDUPE_MAX_IDS',
    type: whole(65_536, 50_000_000),
    fallback: '2000000',
    about: 'How many ids a partition remembers at most, about 24 bytes each. A rule.',
  },
  {
    name: 'CONSUMER_MAX_BATCH_BYTES',
    type: whole(1_048_576, 1_073_741_824),
    fallback: '134217728',
    about: 'A Kafka batch that inflates beyond this many bytes halts its partition.',
  },
  {
    name: 'CONSUMER_MAX_PENDING_RECORDS',
    type: whole(1_000, 10_000_000),
    fallback: '5000000',
    about:
      'Records a consumer reads ahead of the last commit before it waits; fewer where settling them would take long.',
  },
  { name: 'API_HOST', type: host, fallback: '127.0.0.1', about: 'Where the API listens.' },
  { name: 'API_PORT', type: port, fallback: '8000', about: 'The port of the API.' },
  {
    name: 'ADMIN_TOKEN',
    type: text(/^[!-~]{16,1024}$/, '16 to 1024 visible ASCII characters'),
    secret: true,
    fromFile: true,
    about: 'Whoever sends it may see, discard and repair rejects over HTTP. Unset: nobody may. See docs/security.md.',
  },
  {
    name: 'TRY_IT',
    type: { kind: 'flag' },
    fallback: 'false',
    about: 'Whoever sends ADMIN_TOKEN may also send single events by hand. `npm start` sets it for its own Kafka.',
  },
  {
    name: 'HEALTH_PORT',
    type: port,
    about:
      'A consumer or producer serves /livez, /readyz and /metrics here; the API does on its own port. Unset: nowhere.',
  },
  {
    name: 'HEALTH_HOST',
    type: host,
    fallback: '127.0.0.1',
    about: 'Where HEALTH_PORT listens. Probes and scrapers on other machines need 0.0.0.0.',
  },
  {
    name: 'LOG_LEVEL',
    type: { kind: 'choice', of: ['debug', 'info', 'warn', 'error'] },
    fallback: 'info',
    about: 'What is logged.',
  },
  {
    name: 'FOOTFALL_DATA',
    type: { kind: 'text', pattern: /^.+$/, allowed: 'the path of a folder' },
    fallback: '.footfall',
    about: 'Where the embedded stack keeps data and logs; a relative path starts at the project.',
  },
  {
    name: 'FOOTFALL_AWAIT_SEED',
    type: { kind: 'flag' },
    fallback: 'false',
    about: 'The API is ready only when the seeded row is visible. Set where seeded events are sent.',
  },
  {
    name: 'FOOTFALL_SUPERVISED',
    type: { kind: 'flag' },
    fallback: 'false',
    about: 'Set by `start`: the role ends when its standard input closes.',
  },
] as const satisfies readonly Setting[]
