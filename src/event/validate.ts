/** Parsed JSON -> why it does not keep the contract. Pure; compiled once. */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import { parseInstant } from './day.ts'
import type { Rejection } from './fate.ts'
import { userActivitySchema } from './schema.ts'

// Formats of our own: those of ajv-formats are regular expressions and take three times as long.
const ajv = new Ajv2020({
  formats: {
    uuid: { type: 'string', validate: isUuid },
    'date-time': { type: 'string', validate: text => parseInstant(text) !== undefined },
  },
})
const keepsContract = ajv.compile(userActivitySchema)

/** @returns the first thing that is wrong with a parsed value, or undefined when it is a {@link UserActivity}. */
export function validate(value: unknown): Rejection | undefined {
  return keepsContract(value) ? undefined : rejection(keepsContract.errors![0]!)
}

/** A UUID of the form 8-4-4-4-12 in hexadecimal digits of either case. Any version, the nil one included. */
export function isUuid(text: string): boolean {
  if (text.length !== 36) return false
  for (let i = 0; i < 36; i++) {
    const code = text.charCodeAt(i)
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (code !== 45) return false
    } else if (!((code >= 48 && code <= 57) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70))) {
      return false
    }
  }
  return true
}

function rejection(error: ErrorObject): Rejection {
  const pointer = error.instancePath
  switch (error.keyword) {
    case 'required': {
      const member = (error.params as { missingProperty: string }).missingProperty
      return { reason: 'missing_member', pointer: `/${member}`, detail: `${member} is required` }
    }
    case 'type':
      if (pointer === '') return { reason: 'not_object', pointer, detail: 'the value must be a JSON object' }
      return { reason: 'wrong_type', pointer, detail: `${pointer.slice(1)} must be a string` }
    case 'enum':
      return { reason: 'unknown_activity', pointer, detail: 'activity_type must be view, click or purchase' }
    case 'pattern':
      return { reason: 'bad_event_id', pointer, detail: 'event_id must be 1 to 128 visible ASCII characters' }
    case 'format':
      if (error.params['format'] === 'uuid') {
        return { reason: 'not_uuid', pointer, detail: `${pointer.slice(1)} must be a UUID of the form 8-4-4-4-12` }
      }
      return {
        reason: 'bad_timestamp',
        pointer,
        detail: 'timestamp must be an RFC 3339 date-time with an offset and a real calendar instant',
      }
    default:
      throw new Error(`the schema uses the keyword ${error.keyword}, which no reason stands for`)
  }
}
