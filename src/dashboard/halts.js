/** Partitions that wait for a person: what happened, what lies there, and the way out. */
import { element, keyed, setText } from './element.js'
import { count, moment } from './format.js'
import { live } from './live.js'

/** What a halt means, in a sentence. The reasons are those of docs/guarantees.md. */
const meanings = {
  recreated: 'The topic was deleted and created again: this is not the log that was counted.',
  compacted: 'The topic compacts its log: records vanish that should be counted.',
  trimmed: 'Records were deleted before they were counted.',
  truncated: 'The log ends, or departs, before what was counted.',
  diverged: 'Where records were counted, there are others now.',
  gap: 'Offsets are missing.',
  bad_crc: 'The checksum of a record batch is wrong: bytes have changed.',
  unknown_format: 'The records have a format that this version does not know.',
  unknown_codec: 'The records are compressed in a way that this version does not know.',
  malformed: 'What lies there is no record batch.',
  too_large: 'A record batch inflates beyond CONSUMER_MAX_BATCH_BYTES.',
  refused: 'PostgreSQL refuses what would be written.',
}

/** @param {any} host @returns {{ show: (changed: ReadonlySet<string>) => void }} */
export function openHalts(host) {
  const known = new Map()
  return {
    show(changed) {
      if (!changed.has('state')) return
      const halted = (live.state?.partitions ?? []).filter(({ halt }) => halt !== null)
      keyed(host, known, halted, ({ partition, halt }) => `${partition} ${halt.reason} ${halt.since}`, haltOf)
    },
  }
}

function haltOf({ partition, halt: { reason, from, to, detail, since } }) {
  const waits = element('p')
  const where =
    to === null || to === undefined ? `at offset ${count(from)}` : `at offsets ${count(from)} to ${count(to)}`
  const node = element(
    'section',
    { class: 'halt' },
    element('h2', {}, `Partition ${partition} is halted: ${reason}`),
    element(
      'p',
      {},
      `${meanings[reason] ?? ''} It stopped ${where}, ${moment(since)}, and everything before it is counted.`,
    ),
    element('p', { class: 'told' }, detail),
    waits,
    element(
      'p',
      {},
      'Nothing goes on there until a person decides. The ways out of this halt, and what each would do:',
    ),
    element('pre', { tabindex: '0' }, `./footfall partitions\n./footfall partitions resume ${partition}`),
    element(
      'p',
      { class: 'quiet' },
      'The first command only looks. The second goes on where nothing is lost any more, and says so where something would be.',
    ),
  )
  return {
    node,
    show: ({ lag }) =>
      setText(
        waits,
        lag > 0 ? `${count(lag)} records wait behind it. The other partitions go on.` : 'The other partitions go on.',
      ),
  }
}
