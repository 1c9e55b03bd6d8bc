/**
 * Where each number of the catalogue of bad inputs is tried: K1 to K60 records, H1 to H35 requests to the collector,
 * A1 to A24 requests to the API, E1 to E18 settings. Most stand in the tables of this folder; here are the others.
 */
export const counts = { K: 60, H: 35, A: 24, E: 18 } as const

type Test = readonly [file: string, name: string]

const apiClients = (name: string): Test => ['tests/integration/api-clients.test.ts', name]
const notHttp = apiClients('bytes that are no proper request are one problem and the end of the connection')
const slow = apiClients('slow and idle sockets are closed in time, and nobody else notices')
const body = apiClients('a body is answered before it comes, whether it is slow, chunked, announced or left out')

/** What needs parts of its own: the file, and how the name of the test begins. */
export const elsewhere: Readonly<Record<string, Test>> = {
  K49: ['tests/integration/codecs.test.ts', 'records of 8 MB are read, good and bad ones, and small partitions go on'],
  K53: [
    'tests/integration/codecs.test.ts',
    'a batch that inflates beyond CONSUMER_MAX_BATCH_BYTES halts its partition',
  ],
  K54: ['tests/promises/g7-damaged-log.test.ts', 'a damaged record batch halts its partition, for good'],
  K55: ['tests/integration/transactions.test.ts', 'G1: records of aborted transactions are skipped'],
  K58: ['tests/integration/bad-inputs.test.ts', 'K: keys, headers, times, codecs and ids of the catalogue'],
  K60: ['tests/promises/g5-postgres-trouble.test.ts', 'G5: a batch that PostgreSQL refuses for its data halts'],
  H4: ['tests/unit/api/api.test.ts', 'a body is ignored whatever its type, and refused unread when it is long'],
  H5: body,
  H6: slow,
  H7: slow,
  H8: apiClients('thousands of idle sockets are bounded, those that are there go on'),
  H11: notHttp,
  H12: notHttp,
  H13: notHttp,
  H14: notHttp,
  H15: notHttp,
  H16: apiClients('a hundred requests in one packet are answered each once, in order'),
  H33: ['tests/integration/api.test.ts', 'a stop lets a request under way finish, ends without delay'],
  H35: notHttp,
  A10: ['tests/integration/api-reads.test.ts', 'a cursor holds for its user and filters only'],
  A14: ['tests/integration/api.test.ts', 'a summary has the newest day first, then items in order, and every digit'],
  A15: ['tests/integration/api-reads.test.ts', 'while counts move, pages show no key twice and leave none out'],
  A16: ['tests/integration/api-reads.test.ts', 'a tag stands for the bytes: unchanged is 304, changed is another'],
  A17: ['tests/integration/api-outage.test.ts', 'the API is up before PostgreSQL is, answers 503 while it is away'],
  A18: ['tests/integration/api-outage.test.ts', 'a statement that takes too long is 503 within its deadline'],
  E9: ['tests/integration/topic.test.ts', 'asking about a topic does not create it'],
  E10: ['tests/unit/api/api.test.ts', 'the schema of an event is published at its own id'],
  E11: ['tests/integration/connect.test.ts', 'a writer sets what its promises depend on, whatever the database'],
  E12: ['tests/integration/migrate.test.ts', 'a database that is newer than this version is refused'],
  E16: ['tests/unit/runtime/misspelt.test.ts', 'a name that is one slip away from a setting'],
  E17: ['tests/promises/g6-same-counts.test.ts', 'G6: the same log gives the same tables'],
  E18: ['tests/integration/settings.test.ts', 'a role with wrong settings names each of them once'],
}

/** What Footfall has no part for, and why. */
export const notApplicable: Readonly<Record<string, string>> = {
  H20: 'there is no collector: events come by Kafka',
  H22: 'there is no collector',
  H23: 'there is no collector',
  H24: 'there is no collector',
  H27: 'the one token is a setting: another is in force after a restart',
  H28: 'there are no rates by client, only bounds for all together',
  H29: 'who asks is not told from forwarded-for',
  H30: 'there is no collector',
  H31: 'there is no collector; the producer has tests of its own',
  H32: 'there is no collector',
  H34: 'there is no collector: the append time is the log’s',
  A19: 'counts have no owner (docs/security.md, "Who may ask")',
  A21: 'there is no stream',
  A22: 'there is no stream; nothing is granted to another origin (H18)',
  A24: 'there is no CSV',
  E6: 'session and heartbeat are no settings',
  E7: 'the window bounds what is recognised again, not what counts: docs/guarantees.md, "Not promised"',
  E8: 'the group decides nothing: positions are PostgreSQL’s',
  E14: 'an empty setting counts as not set, and nothing opens by it: the default is the embedded stack',
}
