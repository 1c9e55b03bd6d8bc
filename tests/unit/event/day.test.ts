import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dayOf, dayText, msPerDay, parseInstant } from '../../../src/event/day.ts'
import { plainInstant } from '../../support/plain-judge.ts'

const yearOneMs = Date.parse('0001-01-01T00:00:00Z')
const lastMs = Date.parse('9999-12-31T23:59:59.999Z')
const two = (value: number) => String(value).padStart(2, '0')

test('an instant written with any offset and any number of digits reads as its ms, never rounded up', () => {
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 20 })
  fc.assert(
    fc.property(
      // A day off the edges, so that the local year has four digits whatever the offset.
      fc.integer({ min: yearOneMs + msPerDay, max: lastMs - msPerDay }),
      fc.integer({ min: -1439, max: 1439 }),
      fc.integer({ min: 0, max: 3 }),
      digits,
      (instant, offset, given, more) => {
        const local = new Date(instant + offset * 60_000).toISOString()
        const zone = `${offset < 0 ? '-' : '+'}${two(Math.trunc(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`
        const fraction = given < 3 ? local.slice(20, 20 + given) : local.slice(20, 23) + more
        const text = `${local.slice(0, 19)}${fraction === '' ? '' : '.'}${fraction}${zone}`
        const unit = given === 0 ? 1000 : given === 1 ? 100 : given === 2 ? 10 : 1
        assert.equal(parseInstant(text), Math.floor(instant / unit) * unit, text)
      },
    ),
    { numRuns: 1_000 },
  )
})

test('any text, near a timestamp or far from one, is read as the slow reader reads it', () => {
  const valid = fc
    .tuple(fc.integer({ min: yearOneMs - msPerDay, max: lastMs }), fc.constantFrom('Z', '+00:01', '-23:59', '+14:00'))
    .map(([ms, zone]) => new Date(ms).toISOString().replace('Z', zone))
  const edit = fc.tuple(fc.nat(32), fc.nat(2), fc.constantFrom(...'0123456789-+:.TtZz ৪\n\0'))
  const near = fc.tuple(valid, fc.array(edit, { maxLength: 3 })).map(([text, edits]) => {
    let edited = text
    for (const [at, removed, inserted] of edits) edited = edited.slice(0, at) + inserted + edited.slice(at + removed)
    return edited
  })
  const grid = fc
    .tuple(...[10_000, 14, 33, 26, 62, 62, 26, 62].map(max => fc.nat(max - 1)))
    .map(([y, mo, d, h, mi, s, zh, zm]) => {
      const date = `${String(y).padStart(4, '0')}-${two(mo!)}-${two(d!)}`
      return `${date}T${two(h!)}:${two(mi!)}:${two(s!)}+${two(zh!)}:${two(zm!)}`
    })
  fc.assert(
    fc.property(fc.oneof(near, grid, fc.string()), text => {
      assert.equal(parseInstant(text), plainInstant(text), text)
    }),
    { numRuns: 2_000 },
  )
})

test('the cases of the JSON Schema test suite for date-time hold, but for leap seconds', () => {
  const cases: readonly [text: string, valid: boolean][] = [
    ['1963-06-19T08:30:06.283185Z', true],
    ['1963-06-19T08:30:06Z', true],
    ['1937-01-01T12:00:27.87+00:20', true],
    ['1990-12-31T15:59:50.123-08:00', true],
    ['1963-06-19t08:30:06.283185z', true],
    ['1998-12-31T23:59:60Z', false], // a real leap second: refused on purpose, as none was inserted since 2016
    ['1998-12-31T15:59:60.123-08:00', false],
    ['1998-12-31T23:59:61Z', false],
    ['1998-12-31T23:58:60Z', false],
    ['1998-12-31T22:59:60Z', false],
    ['1990-02-31T15:59:59.123-08:00', false],
    ['1990-12-31T15:59:59-24:00', false],
    ['1963-06-19T08:30:06.28123+01:00Z', false],
    ['06/19/1963 08:30:06 PST', false],
    ['2013-350T01:01:01', false],
    ['1963-6-19T08:30:06.283185Z', false],
    ['1963-06-1T08:30:06.283185Z', false],
    ['1963-06-1৪T00:00:00Z', false],
    ['1963-06-11T0৪:00:00Z', false],
    ['1963-06-19T08:30:06.283185', false],
    ['1963-06-19 08:30:06Z', false],
    ['1963-06-19T08:30:06.Z', false],
    ['1963-06-19T08:30:06,5Z', false],
    ['1963-06-19T08:30Z', false],
    ['1963-06-19T08:30:06+0100', false],
    ['1963-06-19T08:30:06+01', false],
    ['1963-06-19T08:30:06 Z', false],
    ['1963-06-19T08:30:06Z\n', false],
    [' 1963-06-19T08:30:06Z', false],
    ['+1963-06-19T08:30:06Z', false],
    ['11963-06-19T08:30:06Z', false],
    ['', false],
  ]
  for (const [text, valid] of cases) assert.equal(parseInstant(text) !== undefined, valid, text)
})

test('the 29th of February is a day of leap years only', () => {
  for (const [year, leap] of [
    ['2024', true],
    ['2023', false],
    ['2000', true],
    ['1900', false],
    ['2100', false],
    ['0004', true],
    ['0100', false],
  ] as const) {
    assert.equal(parseInstant(`${year}-02-29T00:00:00Z`) !== undefined, leap, year)
  }
})

test('what other readers roll over or read in their own way is refused (K32 to K36, K40)', () => {
  for (const text of [
    '2026-02-30T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-06-30T23:59:60Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T10:00:00',
    '2026-01-01',
    '2026-W01-1T00:00:00Z',
    '0',
    '1790000000',
    '1790000000000',
  ]) {
    assert.equal(parseInstant(text), undefined, text)
  }
})

test('the day is the UTC one: offsets move an instant over midnight, fractions never do (K37 to K39)', () => {
  for (const [text, date] of [
    ['2026-03-01T00:30:00+14:00', '2026-02-28'],
    ['2026-12-31T23:30:00-00:45', '2027-01-01'],
    ['2026-03-01T12:00:00-00:00', '2026-03-01'],
    ['2026-03-01T23:59:59.9999999Z', '2026-03-01'],
    [`2026-03-01T23:59:59.${'9'.repeat(400)}Z`, '2026-03-01'],
  ] as const) {
    assert.equal(dayText(dayOf(parseInstant(text)!)), date, text)
  }
  assert.equal(parseInstant('2026-03-01T00:00:00+24:00'), undefined)
  assert.equal(parseInstant('2026-03-01T00:00:00+23:60'), undefined)
})

test('the years 1 to 9999 of UTC are days, the ones around them are not (K41, K42)', () => {
  for (const [text, date] of [
    ['0001-01-01T00:00:00Z', '0001-01-01'],
    ['0001-01-01T00:00:00+00:01', undefined],
    ['0000-12-31T23:59:59Z', undefined],
    ['0000-12-31T23:59:59-00:01', '0001-01-01'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31'],
    ['9999-12-31T23:59:59-00:01', undefined],
    ['-0001-01-01T00:00:00Z', undefined],
    ['5874898-01-01T00:00:00Z', undefined],
  ] as const) {
    const instant = parseInstant(text)
    assert.equal(instant === undefined ? undefined : dayText(dayOf(instant)), date, text)
  }
})

test('a day holds its first ms and its last', () => {
  fc.assert(
    fc.property(fc.integer({ min: dayOf(yearOneMs), max: dayOf(lastMs) }), day => {
      assert.equal(dayOf(day * msPerDay), day)
      assert.equal(dayOf(day * msPerDay + msPerDay - 1), day)
      assert.equal(parseInstant(`${dayText(day)}T00:00:00Z`), day * msPerDay)
    }),
  )
})
