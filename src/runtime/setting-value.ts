/** The text of a setting as a value of its kind, or what is wrong with it. */
import { pemProblem } from './pem.ts'
import { fileName } from './setting-files.ts'
import type { Kind, Setting } from './settings.ts'

export type Value = string | number | boolean | readonly string[]

/** @returns undefined when it is not allowed. */
export function parseValue(type: Kind, raw: string): Value | undefined {
  switch (type.kind) {
    case 'text':
      return (type.pattern?.test(raw) ?? true) ? raw : undefined
    case 'choice':
      return type.of.includes(raw) ? raw : undefined
    case 'flag':
      return raw === 'true' ? true : raw === 'false' ? false : undefined
    case 'number': {
      if (!/^\d+(\.\d+)?$/.test(raw.trim())) return undefined
      const value = Number(raw)
      return value >= type.min && value <= type.max && (!type.whole || Number.isInteger(value)) ? value : undefined
    }
    case 'brokers': {
      const brokers = raw.split(',').map(broker => broker.trim())
      return brokers.every(isBroker) ? brokers : undefined
    }
    case 'pem':
      return pemProblem(type.of, raw) === undefined ? raw : undefined
  }
}

/**
 * Names a value that is not allowed, where it stands, and what is allowed.
 * @param file where the value was read, if not in the setting itself.
 */
export function refusal({ name, type, secret }: Setting, raw: string, file: string | undefined): string {
  const given = file === undefined ? `${name} is ${shown(type, secret, raw)}` : `${fileName(name)} names ${file}`
  if (type.kind !== 'pem') return `${given}; allowed: ${allowed(type)}`
  const path = file === undefined ? ` itself; its path goes into ${fileName(name)}` : ''
  return `${given}, but ${pemProblem(type.of, raw)}; allowed: ${allowed(type)}${path}`
}

/** What somebody wrote, so that the mistake is seen, but no secret: neither a setting that is one nor one in an address. */
function shown(type: Kind, secret: true | undefined, raw: string): string {
  return secret || type.kind === 'pem' ? 'set' : `"${raw.replace(/[^/\s]*@/g, '***@')}"`
}

function isBroker(address: string): boolean {
  const match = /^(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\]):(\d{1,5})$/.exec(address)
  return match !== null && Number(match[1]) >= 1 && Number(match[1]) <= 65_535
}

function allowed(type: Kind): string {
  switch (type.kind) {
    case 'text':
      return type.allowed
    case 'choice':
      return type.of.join(', ')
    case 'flag':
      return 'true or false'
    case 'number':
      return `${type.whole ? 'a whole number' : 'a number'} from ${type.min} to ${type.max}`
    case 'brokers':
      return 'host:port, or several separated by commas, with ports from 1 to 65535'
    case 'pem':
      return type.of === 'key' ? 'a private key in PEM that is not encrypted' : 'certificates in PEM'
  }
}
