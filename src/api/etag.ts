/** Entity tags (RFC 9110, 8.8.3): strong ones, made here; whether a client has what we would send. */
import { hash } from 'node:crypto'
import type { Coding } from './coding.ts'

/** 128 bits and a little: two answers never share one by chance. */
const tagLength = 22

/** @param parts whatever the answer depends on. */
export const digest = (...parts: readonly string[]): string =>
  hash('sha256', parts.join('\n'), 'base64url').slice(0, tagLength)

/** A strong tag says "the same bytes", so each coding of an answer has its own. */
export const entityTag = (contentDigest: string, coding: Coding | undefined): string =>
  `"${contentDigest}${coding === undefined ? '' : `-${coding}`}"`

/** @param ifNoneMatch the header as it came; compared as RFC 9110 has it for GET: a weak tag is as good. */
export function matches(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch === tag) return true // as nearly every client sends it
  return ifNoneMatch.trim() === '*' || [...ifNoneMatch.matchAll(/"[^"]*"/g)].some(([one]) => one === tag)
}
