/** Whatever a bad record holds, it can be shown: no throw, nothing that moves a cursor, and the bad place is marked. */
import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { verdictOf } from '../../../../src/evidence/recount/verdict.ts'
import { placeIn, type ShowReport, shown } from '../../../../src/evidence/rejects/show.ts'
import { showText } from '../../../../src/evidence/rejects/show-text.ts'
import type { StoredReject } from '../../../../src/evidence/rejects/stored.ts'
import { parseConfig } from '../../../../src/runtime/config.ts'
import { drawnAnswer, limits, of, type Placed } from '../../../fuzz/answer.ts'
import { diceOf } from '../../../fuzz/dice.ts'
import { poolOf } from '../../../fuzz/pool.ts'
import { encodeHeaders } from '../../../support/encode-log.ts'

const rejectsWanted = 500
const config = parseConfig({})

test('fuzzed rejects are shown without a throw and without a character that acts on a terminal, the bad place marked', () => {
  const seed = randomInt(2 ** 31)
  const [dice, pool] = [diceOf(`show ${seed}`), poolOf(seed)]
  for (let rejects = 0; rejects < rejectsWanted; ) {
    for (const record of drawnAnswer(dice, pool, 0, new Map()).records) {
      if (record.value === null) continue
      const verdict = verdictOf(record.value, record.appendMs, limits)
      if (!('reason' in verdict)) continue
      rejects += 1
      const about = `seed ${seed}: ${record.value.toString('latin1')}`
      const told = shown(storedOf(record, verdict))
      const report = { ...told, place: placeIn(told), attempts: [], repair_header: null }
      const text = showText(report, config)
      assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u, about)
      assert.ok(
        text.split('\n').every(line => line.length < 1_000),
        about,
      )
      if (isUtf8(record.value)) checkPlace(report, record.value.toString('utf8'), about)
    }
  }
})

/** In what is no JSON one character is marked, and else the member that is wrong. */
function checkPlace({ place, reason, pointer }: ShowReport, text: string, about: string): void {
  if (place === null) {
    assert.ok(text.length > 500, `${about}: only what is deep has no place`)
  } else if (reason === 'not_json') {
    assert.equal(place.to - place.from, 1, about)
  } else if (pointer !== '' && reason !== 'missing_member') {
    const value = (JSON.parse(text) as Record<string, unknown>)[pointer.slice(1)]
    assert.deepEqual(JSON.parse(text.slice(place.from, place.to)), value, about)
  }
}

function storedOf({ offset, key, value, headers, appendMs }: Placed, verdict: { reason: string; pointer: string }) {
  const none = { repairedTopicId: null, repairedLineage: null, repairedOffset: null, repairedAs: null }
  const noOrigin = { originTopicId: null, originLineage: null, originOffset: null }
  const noLabel = { label: null, labelNote: null, labelledBy: null, labelledMs: null }
  const stored: StoredReject = {
    ...of,
    ...none,
    ...noOrigin,
    ...noLabel,
    offset,
    ...verdict,
    detail: '',
    key,
    value: value!,
    headers: encodeHeaders(headers),
    appendMs,
    rejectedMs: 0,
    state: 'open',
  }
  return stored
}
