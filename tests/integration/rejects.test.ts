/** `rejects` on a real Kafka and PostgreSQL: what it shows and exports, what it discards, and what it sends again. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { originHeader } from '../../src/event/origin.ts'
import type { ShownReject } from '../../src/evidence/rejects/show.ts'
import { showText } from '../../src/evidence/rejects/show-text.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { assertBalanced, countedTable, fates, recount, startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshName, freshTopic, sharedFolder } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { done, listed, rejectsTool as rejects, settingsOf, shown, summary } from '../support/rejects.ts'
import { run } from '../support/tool.ts'
import { verified } from '../support/verifying.ts'

function file(text: string): string {
  const path = join(sharedFolder(), freshName('patch'))
  writeFileSync(path, text)
  return path
}

const like = (n: number, id?: string) => ({
  ...eventOf(n),
  ...(id !== undefined && { event_id: id }),
  activity_type: 'like',
})

test('bad records are listed in groups and shown with the bad place marked, safe for a terminal', async t => {
  const place = { topic: await freshTopic(2), database: await freshDatabase() }
  const client = await connect(t, place.database)
  const evil = `{"user_id": "${eventOf(1).user_id}",\n "item_id": "\u202e", "note": "\u009b2J"}`
  const values = [
    bytesOf(like(0)),
    bytesOf(like(1)),
    Buffer.from(evil),
    Buffer.from('{"a": "\u001b[31m"}'),
    Buffer.concat([Buffer.from('{"ok": "'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    bytesOf({ user_id: eventOf(0).user_id }),
    bytesOf(eventOf(3)),
  ]
  const headers = { trace: 'abc', raw: Buffer.from([0, 1, 255]) }
  await sendForeign(
    t,
    place.topic,
    values.map(value => ({ key: "it's", value, headers, partition: 1 })),
  )
  await startCounting(t, place)
  await untilRead(client, 7)

  const list = await listed(place)
  assert.deepEqual(
    list.groups.map(({ reason, pointer, count, open, example }) => [reason, pointer, count, open, example.position]),
    [
      ['unknown_activity', '/activity_type', 2, 2, '1:0'],
      ['missing_member', '/activity_type', 1, 1, '1:2'],
      ['missing_member', '/item_id', 1, 1, '1:5'],
      ['not_json', '', 1, 1, '1:3'],
      ['not_utf8', '', 1, 1, '1:4'],
    ],
  )
  assert.deepEqual((await listed(place, '--reason', 'not_json')).groups.length, 1)
  assert.deepEqual((await listed(place, '--partition', '0')).groups, [])
  assert.deepEqual((await listed(place, '--since', '2999-01-01')).groups, [])

  const first = await shown(place, '1:0')
  assert.deepEqual(Buffer.from(first.value.base64, 'base64'), values[0])
  assert.deepEqual(
    first.headers?.map(([name, value]) => [name, value?.base64]),
    [
      ['trace', Buffer.from('abc').toString('base64')],
      ['raw', Buffer.from([0, 1, 255]).toString('base64')],
    ],
  )
  const config = parseConfig(settingsOf(place))
  const said = await Promise.all([0, 2, 3, 4].map(async offset => showText(await shown(place, `1:${offset}`), config)))
  const marked = (n: number) => {
    const lines = said[n]!.split('\n')
    const at = lines.findIndex(line => /^ +\^+ line/.test(line))
    return lines[at - 1]!.slice(lines[at]!.indexOf('^'), lines[at]!.lastIndexOf('^') + 1)
  }
  assert.equal(marked(0), '"like"')
  assert.equal(marked(1), '}', 'where the missing member would stand')
  assert.equal(marked(2), '\\u001b', 'JSON has no such character')
  assert.match(said[3]!, /7b 22 6f 6b 22 3a 20 22 ff fe 22 7d +\|\{"ok": "\.\."\}\|\n {38}\^\^/)
  const header = `${originHeader}=${first.topic_id}/1/1/0`
  assert.ok(said[0]!.includes(`-p 1 -k 'it'\\''s' -H '${header}' -H 'trace=abc' repaired.json`))
  for (const text of [...said, (await rejects(t, place)).said]) {
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u)
  }
  assert.match((await rejects(t, place, 'show', '1:6')).said, /no reject is there; .*trace --position 1:6/)

  const lines = (await rejects(t, place, 'export', '--reason', 'not_utf8')).said.split('\n')
  assert.equal(lines.length, 1)
  const exported = JSON.parse(lines[0]!) as ShownReject
  assert.deepEqual([exported.position, exported.value.text], ['1:4', null])
  assert.deepEqual(Buffer.from(exported.value.base64, 'base64'), values[4])
  assert.equal((await rejects(t, place, 'export')).said.split('\n').length, 6)
})

test('a patched record counts, once however often it is sent; what would be rejected again is not sent', async t => {
  const place = { topic: await freshTopic(2), database: await freshDatabase() }
  const client = await connect(t, place.database)
  const values = [
    bytesOf(like(0, 'a')),
    bytesOf(like(1)),
    bytesOf(eventOf(2, 'id-')),
    bytesOf(like(2, 'id-2')),
    Buffer.from('[]'),
  ]
  const headers = { kept: 'yes', [originHeader]: '' }
  await sendForeign(
    t,
    place.topic,
    values.map((value, n) => ({ key: 'k', value, headers: n === 0 ? { kept: 'yes' } : {}, partition: 1 })),
  )
  await startCounting(t, place)
  await untilRead(client, 5)
  const patch = ['--patch', '{"activity_type": "click", "extra": null, "more": {"a": null, "b": 1}}']
  const filter = ['--reason', 'unknown_activity']

  for (const [args, why] of [
    [['retry'], 'say which'],
    [['resend', '0:0', '--patch', file('[1]')], 'one JSON object'],
    [['resend', ...filter, '--patch', file(patch[1]!)], 'nobody is there to ask'],
  ] as const) {
    const { code, said } = await rejects(t, place, ...args)
    assert.deepEqual([code, said.includes(why)], [2, true], said)
  }
  const retried = await done(place, 'retry', ...filter, '--yes')
  assert.equal(summary(retried), '3 unfit')
  assert.match(retried.groups[0]!.why, /^it would be rejected again, unknown_activity at \/activity_type/)
  const dry = await done(place, 'resend', '1:0', '1:1', '1:4', '1:9', ...patch, '--dry-run')
  assert.equal(summary(dry), '2 ready, 2 unfit')
  assert.deepEqual(JSON.parse(dry.example!.before), like(0, 'a'))
  assert.deepEqual(JSON.parse(dry.example!.after), { ...like(0, 'a'), activity_type: 'click', more: { b: 1 } })
  assert.deepEqual((await fates(client)).rejected, 4, 'nothing was sent')

  const onDisk = ['--patch', file(patch[1]!)]
  const sent = await rejects(t, place, 'resend', ...filter, ...onDisk, '--yes')
  assert.equal(sent.code, 0, sent.said)
  assert.match(
    sent.said,
    /^resend of 3:\n {2}2 of unknown_activity at \/activity_type: counted\n {2}1 of .*: repaired, as a dup/,
  )
  assert.equal((await rejects(t, place, 'resend', '1:4', ...onDisk)).code, 1, 'it cannot be patched')
  const again = await done(place, 'resend', '1:0', '1:1', '1:3', ...patch)
  assert.equal(summary(again), '3 done')
  assert.deepEqual((await done(place, 'resend', ...filter, ...patch, '--yes')).selected, 0)
  const expected = recount([...[0, 1].map(n => ({ ...eventOf(n), activity_type: 'click' })), eventOf(2)])
  assert.deepEqual(await countedTable(client), expected)

  // One that goes bad on its way: the same bytes under a header of somebody else's hand.
  await sendForeign(t, place.topic, [
    { key: 'k', value: bytesOf(like(3)), headers, partition: 1 },
    { key: 'k', value: bytesOf(eventOf(4)), headers: { [originHeader]: 'nowhere', kept: 'yes' }, partition: 1 },
  ])
  await untilRead(client, 10)
  const { topic_id } = await shown(place, '1:4')
  await sendForeign(t, place.topic, [{ value: '{', headers: { [originHeader]: `${topic_id}/1/1/4` }, partition: 1 }])
  await untilRead(client, 11)
  assert.deepEqual(
    (await shown(place, '1:4')).attempts.map(({ position }) => position),
    ['1:10'],
  )
  const attempt = await done(place, 'retry', '1:10')
  assert.equal(attempt.rejects[0]!.why, 'it is itself an attempt to repair another: repair that one')
  const unknown = await done(place, 'retry', '1:9')
  assert.equal(summary(unknown), '1 counted')
  const { rows } = await client.query(`select encode(headers, 'escape') as headers from rejects where "offset" = 9`)
  assert.match(rows[0].headers, /nowhere/, 'the reject stays as it was')
  await assertBalanced(client)
})

test('after the rules have changed the same bytes count; discarded ones are left out until somebody names them', async t => {
  const place = { topic: await freshTopic(2), database: await freshDatabase(), settings: { MAX_EVENT_AGE_DAYS: '1' } }
  const client = await connect(t, place.database)
  const old = (n: number) => ({ ...eventOf(n), timestamp: new Date(Date.now() - 3 * 86_400_000).toISOString() })
  await sendForeign(
    t,
    place.topic,
    [0, 1, 2, 3].map(n => ({ key: 'k', value: bytesOf(old(n)), partition: n % 2 })),
  )
  const counting = await startCounting(t, place)
  await untilRead(client, 4)
  const byAge = ['--reason', 'too_old']
  assert.equal(summary(await done(place, 'retry', ...byAge, '--dry-run')), '4 unfit')

  const note = ['--note', 'a test of ours\u001b[2J']
  const planned = await done(place, 'discard', '0:0', '1:0', '1:7', ...note, '--dry-run')
  assert.equal(summary(planned), '1 unfit, 2 ready')
  assert.equal(summary(await done(place, 'discard', '0:0', '1:0', ...note, '--yes')), '2 discarded')
  assert.equal(summary(await done(place, 'discard', '0:0', '1:0', ...note, '--yes')), '2 done')
  const text = (await rejects(t, place, 'show', '0:0')).said
  assert.match(text, /^0:0 {2}discarded$/m)
  assert.match(text, / by \S+@\S+ as footfall: a test of ours\\u001b\[2J$/m)
  const undone = await done(place, 'discard', '1:0', '--undo')
  assert.deepEqual([undone.verb, summary(undone)], ['restore', '1 restored'])
  assert.deepEqual((await listed(place)).groups[0]!.discarded, 1)

  await counting.stop()
  const wider = { ...place, settings: { MAX_EVENT_AGE_DAYS: '10' } }
  assert.equal((await run(t, 'setup', settingsOf(wider), ['--change-rules', '--yes'])).code, 0)
  const nobody = await done(wider, 'retry', ...byAge, '--yes', '--seconds', '1')
  assert.equal(summary(nobody), '1 waiting')
  assert.match(nobody.stopped!, /no fate after 1 s: is a consumer running\?/)
  assert.equal(summary(await done(wider, 'retry', ...byAge, '--yes', '--no-wait')), '3 sent')

  await startCounting(t, wider)
  await untilRead(client, 8)
  assert.equal((await done(wider, 'retry', ...byAge, '--yes')).selected, 0)
  assert.equal(summary(await done(wider, 'retry', '0:0')), '1 counted', 'discarded, and named')
  assert.deepEqual(await countedTable(client), recount([0, 1, 2, 3].map(old)))
  assert.deepEqual(await fates(client), { counted: 4, duplicate: 1, rejected: 4, skipped: 0 })
  assert.equal((await verified(wider)).verdict, 'proven')
})
