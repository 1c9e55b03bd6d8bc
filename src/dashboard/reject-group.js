/** One group of rejects: what is wrong, how often and since when, and the bytes of one of them. */
import { ask } from './ask.js'
import { shownBytes } from './bytes.js'
import { element, setText } from './element.js'
import { amount, count, legible, moment } from './format.js'

export function rejectGroup({ reason, meaning, pointer }) {
  const sum = element('p', {})
  const example = element('div', { class: 'example' })
  let position = ''
  const node = element(
    'section',
    { class: 'group' },
    element(
      'h2',
      {},
      reason,
      pointer === '' ? '' : ' at ',
      pointer === '' ? '' : element('code', {}, legible(pointer)),
    ),
    element('p', { class: 'quiet' }, `${meaning[0].toUpperCase()}${meaning.slice(1)}.`),
    sum,
    example,
  )
  return {
    node,
    show(group) {
      const { count: all, open, first, last } = group
      const times =
        first === null ? '' : all === 1 ? `, ${moment(first)}` : `, from ${moment(first)} to ${moment(last)}`
      setText(
        sum,
        `${amount(all, 'record')}, ${open === all ? 'nothing done about them yet' : `${count(open)} still open`}${times}.`,
      )
      if (group.example.position === position) return
      position = group.example.position
      turn = turn.then(() => showExample(example, group))
    },
  }
}

/** Others ask too. */
const triesMax = 5
const pauseMs = 1_000

/** One after the other: the API answers few such questions at a time. */
let turn = Promise.resolve()

async function showExample(host, { example: { position, lineage } }) {
  const path = `/api/rejects/${position.replace(':', '/')}?lineage=${lineage}`
  let { body, problem } = await ask(path, { isAdmin: true })
  for (let tries = 0; problem?.code === 'overloaded' && tries < triesMax; tries++) {
    await new Promise(resolve => setTimeout(resolve, pauseMs))
    ;({ body, problem } = await ask(path, { isAdmin: true }))
  }
  if (problem !== undefined) return host.replaceChildren(element('p', { class: 'quiet' }, problem.detail))
  const key =
    body.key === null ? 'no key' : body.key.text === null ? 'a key that is no text' : `key ${legible(body.key.text)}`
  host.replaceChildren(
    element('p', { class: 'quiet' }, `For example ${position}, ${moment(body.appended)}, ${key.slice(0, 80)}:`),
    shownBytes(body.value, body.place),
    element('p', { class: 'told' }, legible(body.detail)),
    element(
      'p',
      { class: 'quiet' },
      'All about it, and how to repair it: ',
      element('code', {}, `./footfall rejects show ${position}`),
    ),
  )
}
