/** What a number is the sum of: the events in the log, with their positions. */
import { activities } from './activities.js'
import { ask } from './ask.js'
import { element } from './element.js'
import { amount, count, legible, moment } from './format.js'

const shownMax = 100

const verdicts = {
  equal: 'The log says the same.',
  incomplete: 'Not all of them could be found in the log.',
  differs: 'The log says something else: run ./footfall verify.',
}

/**
 * @param {string} user @param {string} item @param {string} date
 * @param {number} kind which of the activities was asked about
 */
export function explanation(user, item, date, kind) {
  const node = element(
    'div',
    { class: 'told-by-the-log', role: 'status' },
    element('p', { class: 'quiet' }, 'Reading the log…'),
  )
  const asking = new AbortController()
  const path = `/api/explain/${user}/${item}/${date}?limit=1000`
  ask(path, { signal: asking.signal })
    .then(({ body, problem }) => {
      if (problem === undefined) node.replaceChildren(...tell(body, kind))
      else node.replaceChildren(element('p', { class: 'wrong' }, problem.detail))
    })
    .catch(error => {
      if (!asking.signal.aborted) throw error
    })
  return { node, close: () => asking.abort() }
}

function tell(report, kind) {
  const { name, names } = activities[kind] ?? activities[0]
  const mine = report.events.filter(({ event }) => event?.activity_type === name)
  const number = report.number?.[name] ?? 0
  const row = copy =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, copy.position),
      element('td', {}, moment(copy.appended)),
      element('td', {}, copy.event?.event_id === null ? 'no event_id' : legible(copy.event?.event_id ?? '')),
      element('td', {}, copy.fate === 'counted' ? 'counted' : `${copy.fate}: ${legible(copy.why)}`),
    )
  const head = ['position', 'came into the log', 'event id', 'fate'].map(each => element('th', { scope: 'col' }, each))
  const said = [
    element(
      'p',
      {},
      element('b', {}, `${amount(number, name, names)} in the table. `),
      verdicts[report.verdict] ?? '',
      ` As of ${moment(report.as_of)}.`,
    ),
  ]
  if (mine.length > 0) {
    said.push(
      element(
        'div',
        { class: 'scrolls' },
        element(
          'table',
          { class: 'events' },
          element('thead', {}, element('tr', {}, ...head)),
          element('tbody', {}, ...mine.slice(0, shownMax).map(row)),
        ),
      ),
    )
  }
  const hidden = mine.length - shownMax
  if (hidden > 0 || report.more > 0)
    said.push(element('p', { class: 'quiet' }, `More than these: ./footfall explain shows all.`))
  // Where the sums are equal nothing can lie in what was not looked at.
  for (const { partition, from, to, why } of report.verdict === 'equal' ? [] : report.missing) {
    said.push(
      element(
        'p',
        { class: 'quiet' },
        `Not looked at in partition ${partition}: offsets ${count(from)} to ${count(to - 1)}, ${why}.`,
      ),
    )
  }
  return said
}
