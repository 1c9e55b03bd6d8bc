import assert from 'node:assert/strict'
import { test } from 'node:test'
import zlib from 'node:zlib'
import fc from 'fast-check'
import { type Coding, chooseCoding, createEncoder, encode } from '../../../src/api/coding.ts'

test('the coding is the one the client likes best, ours where it has no preference, none where it has none of ours', () => {
  const cases: [string | undefined, Coding | undefined][] = [
    [undefined, undefined],
    ['', undefined],
    ['identity', undefined],
    ['deflate, compress', undefined],
    ['gzip', 'gzip'],
    ['GZip', 'gzip'],
    ['gzip, deflate, br', 'br'],
    ['gzip, deflate, br, zstd', 'zstd'],
    ['gzip;q=1.0, br;q=0.9, zstd;q=0.8', 'gzip'],
    ['gzip ; q=0.5 , br ; q=0.501', 'br'],
    ['gzip;q=0', undefined],
    ['*', 'zstd'],
    ['*;q=0', undefined],
    ['zstd;q=0, *', 'br'],
    ['gzip;q=0.5, identity', undefined],
    ['gzip;q=0.5, identity;q=0.5', 'gzip'],
    ['identity;q=0', undefined],
    ['gzip;q=2', undefined],
    ['gzip;q=-1', undefined],
    ['gzip;q=', undefined],
    ['gzip;q=0.0001', undefined],
    ['gzip;x=1;q=0.3', 'gzip'],
    [';;;,,,q=1', undefined],
  ]
  for (const [header, coding] of cases) assert.equal(chooseCoding(header, 1e6), coding, String(header))
  fc.assert(fc.property(fc.string(), header => void chooseCoding(header, 1e6)))
})

test('a short answer is not encoded', () => {
  assert.equal(chooseCoding('gzip', 1_023), undefined)
  assert.equal(chooseCoding('gzip', 1_024), 'gzip')
})

test('every coding gives the text back, at once and as a stream, and is worth it', async () => {
  const text = `[${'{"item_id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","date":"2026-11-22"},'.repeat(200)}"é"]`
  const decode = { zstd: zlib.zstdDecompressSync, br: zlib.brotliDecompressSync, gzip: zlib.gunzipSync }
  for (const coding of ['zstd', 'br', 'gzip'] as const) {
    const bytes = await encode(text, coding)
    assert.equal(decode[coding](bytes).toString(), text)
    assert.ok(bytes.length < text.length / 10)
    const encoder = createEncoder(coding)
    encoder.write(text.slice(0, 100))
    encoder.end(text.slice(100))
    assert.equal(decode[coding](Buffer.concat(await encoder.toArray())).toString(), text)
  }
})
