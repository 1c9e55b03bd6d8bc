/** What to do while nothing was counted yet. */
import { element } from './element.js'
import { live } from './live.js'

/** @returns {any} */
export function firstSteps() {
  const now = new Date().toISOString()
  const event = {
    user_id: '11111111-1111-1111-1111-111111111111',
    item_id: 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa',
    activity_type: 'view',
    timestamp: now,
    event_id: 'my-first',
  }
  const way = (title, ...what) => element('li', {}, element('b', {}, title), ' ', ...what)
  return element(
    'section',
    { class: 'first', hidden: live.state?.state !== 'waiting', 'aria-labelledby': 'first-title' },
    element('h2', { id: 'first-title' }, 'Send the first event'),
    element(
      'ul',
      {},
      way('Let people be simulated:', element('code', {}, './footfall producer --rate 10')),
      way('Write one here:', element('a', { href: '#/try' }, 'Try it')),
      way(
        'Send your own',
        'with any Kafka client to the topic, by default ',
        element('code', {}, 'user_activities'),
        ', one JSON document to a record:',
      ),
    ),
    element('pre', { tabindex: '0' }, JSON.stringify(event, null, 1)),
    element(
      'p',
      { class: 'quiet' },
      'A consumer has to run for it to be counted: ',
      element('code', {}, './footfall consumer'),
      ', or ',
      element('code', {}, './footfall start'),
      ' for everything at once.',
    ),
  )
}
