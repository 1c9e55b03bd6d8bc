import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { csvCell, csvName, formats } from '../../../src/api/format.ts'

const userId = '11111111-1111-1111-1111-111111111111'
const item = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa'

test('CSV is a header and a line for each row, and every digit of a count', () => {
  const { open, between, close, render } = formats.csv
  const rows = [
    [item, '2026-01-03', '9007199254740993', '0', '1'],
    [item, '2026-01-02', '5', '2', '0'],
  ] as const
  const text = open + render([[...rows[0]]]) + between + render([[...rows[1]]]) + close
  assert.equal(
    text,
    'item_id,date,view_count,click_count,purchase_count\r\n' +
      `${item},2026-01-03,9007199254740993,0,1\r\n${item},2026-01-02,5,2,0\r\n`,
  )
})

test('a cell that a spreadsheet would take for a formula becomes a text', () => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '=cmd|"/c calc"!A0', '=HYPERLINK("http://x";"y")']) {
    assert.match(csvCell(text), /^"?'/, text)
  }
  for (const text of [item, '2026-01-02', '0', '9223372036854775807', '']) assert.equal(csvCell(text), text)
})

test('whatever a cell holds, it stays one cell, begins no formula and can be read back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      const cell = csvCell(text)
      const isQuoted = cell.startsWith('"')
      const inner = isQuoted ? cell.slice(1, -1) : cell
      if (isQuoted) assert.doesNotMatch(inner.replaceAll('""', ''), /"/)
      else assert.doesNotMatch(cell, /[",\r\n]/)
      const read = isQuoted ? inner.replaceAll('""', '"') : inner
      assert.doesNotMatch(read, /^[=+\-@\t\r]/)
      assert.equal(read.replace(/^'(?=[=+\-@\t\r])/, ''), text.replace(/^'(?=[=+\-@\t\r])/, ''))
    }),
  )
})

test('the file is named after the user and the days that were asked for', () => {
  const named = (from?: string, to?: string) => csvName({ userId, from, to })
  assert.equal(named(), `footfall-${userId}.csv`)
  assert.equal(named('2026-01-01', '2026-01-31'), `footfall-${userId}-2026-01-01-2026-01-31.csv`)
  assert.equal(named('2026-01-01'), `footfall-${userId}-2026-01-01-last.csv`)
  assert.equal(named(undefined, '2026-01-31'), `footfall-${userId}-first-2026-01-31.csv`)
})
