/** Verb, flags and words -> one verb's run. The only file that sets an exit code: 0 fine, 1 not so, 2 wrong use or settings. */
import { parseArgs } from 'node:util'
import { version } from './runtime/build.ts'
import { WrongSettings } from './runtime/config.ts'
import { say } from './verbs/terminal.ts'
import { type Flags, type Verb, WrongUse } from './verbs/verb.ts'
import { verbs } from './verbs/verbs.ts'

process.exit(await main(process.argv.slice(2)))

async function main([verb, ...args]: readonly string[]): Promise<number> {
  try {
    if (verb === undefined || verb === 'help' || verb === '--help' || verb === '-h') return say(helpOnAll())
    if (verb === '--version' || verb === '-v') return say(version)
    const found = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
    if (found === undefined)
      throw new WrongUse(`"${verb}" is no verb of footfall; the verbs: ${Object.keys(verbs).join(', ')}`)
    if (args.includes('--help') || args.includes('-h')) return say(helpOn(verb, found))
    const { flags, words } = parse(verb, found, args)
    return await found.run(flags, words)
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    const wrong = error instanceof WrongUse || error instanceof WrongSettings
    // A connection that is refused on several addresses has a code but no message.
    process.stderr.write(
      `footfall: ${message || code}\n${error instanceof WrongUse ? 'Help: ./footfall --help\n' : ''}`,
    )
    return wrong ? 2 : 1
  }
}

function parse(verb: string, { flags, takes }: Verb, args: readonly string[]): { flags: Flags; words: string[] } {
  const options = Object.fromEntries(Object.entries(flags).map(([name, { type }]) => [name, { type }]))
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      strict: true,
      allowPositionals: takes !== undefined,
    })
    return { flags: values as Flags, words: positionals }
  } catch (error) {
    throw new WrongUse(`${verb}: ${(error as Error).message.split('. ')[0]}`)
  }
}

function helpOnAll(): string {
  return [
    'Footfall counts what people do: events from Kafka, exact daily counts in PostgreSQL, answers over HTTP.',
    '',
    'Usage: ./footfall VERB [flags]          ./footfall VERB --help says more',
    '',
    ...Object.entries(verbs).map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`),
    '',
    'Settings come from the environment, then .env; .env.example lists them all. Try it:',
    '  ./footfall start',
  ].join('\n')
}

function helpOn(name: string, { about, more, takes, flags }: Verb): string {
  const shown = Object.entries(flags).map(([flag, { value }]) => `--${flag}${value === undefined ? '' : ` ${value}`}`)
  const width = Math.max(...shown.map(flag => flag.length))
  const named = Object.values(flags).map(({ about }, i) => `  ${shown[i]!.padEnd(width)}  ${about}`)
  const words = takes === undefined ? '' : ` ${takes}`
  const usage = `Usage: ./footfall ${name}${words}${named.length === 0 ? '' : ' [flags]'}`
  return [`${name}: ${about}.`, '', more, '', usage, ...(named.length === 0 ? [] : ['', ...named])].join('\n')
}
