/**
 * Every line that a role logs: its event, level and message. An event keeps its name and its meaning for ever, because
 * alerts look for it; the message is for people and may change. docs/logs.md says of each when it comes and what to do.
 */
export interface LogEvent {
  /** error: a person is needed. warn: it recovers by itself. info: a change of state. debug: the rest. */
  readonly level: 'error' | 'warn' | 'info' | 'debug'
  readonly message: string
}

const error = (message: string): LogEvent => ({ level: 'error', message })
const warn = (message: string): LogEvent => ({ level: 'warn', message })
const info = (message: string): LogEvent => ({ level: 'info', message })
const debug = (message: string): LogEvent => ({ level: 'debug', message })

export const events = {
  // Any process
  process_started: info('started'),
  process_not_started: error('did not start'),
  process_stopping: info('stopping'),
  process_stopped: info('stopped'),
  process_failed: error('failed'),
  process_stop_overdue: warn('did not stop in time, leaving at once'),

  // What a role needs
  topic_awaited: warn('waiting for Kafka and the topic'),
  topic_found: info('topic found'),
  kafka_refused: error('Kafka refuses this client, trying on'),
  topic_differs: warn('the topic is not set as it should be'),
  tables_awaited: warn('waiting for the tables'),
  tables_made: info('tables made'),
  postgres_differs: warn('PostgreSQL is not set as it should be'),

  // Consumer: the group
  partitions_assigned: info('partitions assigned'),
  partitions_grown: info('the number of partitions changed, joining the group again'),
  membership_lost: warn('no membership in the group, trying on'),
  group_client_failed: debug('the group client reports an error'),

  // Consumer: reading
  kafka_away: warn('Kafka does not answer, trying on'),
  kafka_back: info('Kafka answers again'),
  fetch_repeated: debug('fetch has to be repeated'),
  partition_opened: info('partition opened'),
  partition_not_opened: warn('partition cannot be opened, trying on'),
  partition_halted: error('partition is halted, ./footfall partitions shows the ways out'),
  trouble_gone: warn('a second look shows no trouble, reading on'),
  trouble_not_confirmed: warn('a trouble cannot be looked at again or halted, trying on'),
  origin_not_read: warn('what a repair stands for cannot be read, trying on'),

  // Consumer: settling
  judge_raised: info('the newer judge of this program is in force from here on'),
  rules_awaited: warn('waiting for PostgreSQL to say the rules'),
  settle_failing: warn('PostgreSQL does not take the batch, trying on'),
  settle_working: info('PostgreSQL takes batches again'),
  settle_slow: warn('settling takes too long, going on with smaller batches'),
  partition_overtaken: warn('the ledger is not where this batch begins, rereading it'),
  record_rejected: debug('a record was rejected'),
  report_failed: debug('could not report owner and lag'),

  // Producer
  simulation_started: info('simulating'),
  simulation_off: info('PRODUCER_EVENT_RATE is 0: nothing but the seeded events is sent'),
  simulation_repeats: warn('a seed repeats its event ids: what it has sent before counts as duplicate'),
  simulation_ids: info('some of the simulated users and items'),
  producer_progress: debug('sending'),
  rate_missed: warn('cannot hold the rate, skipping events'),
  rate_held: info('holds the rate again'),
  kafka_takes_nothing: warn('Kafka takes no events, holding them'),
  kafka_takes_again: info('Kafka takes events again'),
  events_refused: error('events were not written'),
  events_sent: info('sent'),
  events_uncertain: warn('sent, but not all of it is known to be written'),

  // API
  api_listening: info('listening'),
  reads_failing: warn('reads fail: PostgreSQL is in trouble'),
  reads_working: info('reads work again'),
  live_failing: warn('the live stream cannot look at PostgreSQL'),
  live_working: info('the live stream looks at PostgreSQL again'),
  request_answered: debug('answered'),
  request_slow: info('an answer took long'),
  request_failed: error('request failed'),
  rejects_changed: info('rejects were discarded, opened again or repaired'),
  event_tried: info('an event was sent by hand'),
  http_server_warned: warn('the HTTP server warns'),
} as const satisfies Readonly<Record<string, LogEvent>>

export type Event = keyof typeof events
