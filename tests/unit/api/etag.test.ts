import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digest, entityTag, matches } from '../../../src/api/etag.ts'

test('a tag is quoted, follows the content and the coding, and keeps its parts apart', () => {
  const tag = entityTag(digest('content'), undefined)
  assert.match(tag, /^"[A-Za-z0-9_-]{22}"$/)
  assert.equal(tag, entityTag(digest('content'), undefined))
  const others = [digest('Content'), digest('content', ''), digest('con', 'tent'), digest('')]
  assert.equal(
    new Set([tag, ...others.map(other => entityTag(other, undefined)), entityTag(digest('content'), 'br')]).size,
    6,
  )
})

test('a tag matches itself in a list, weak or not, and the star; nothing else', () => {
  const tag = '"abc"'
  for (const header of ['"abc"', 'W/"abc"', '"x", "abc"', '"x","abc","y"', 'W/"x" ,W/"abc"', '*', ' * ']) {
    assert.ok(matches(header, tag), header)
  }
  for (const header of [undefined, '', 'abc', '"abcd"', '"abc-br"', '"ABC"', '"x", "y"', '"abc', '**', '"*"']) {
    assert.ok(!matches(header, tag), String(header))
  }
})
