/** `rejects` on what a test has counted: in this process, which is quicker, or as the tool. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { parseArgs } from 'node:util'
import { label } from '../../src/evidence/rejects/label.ts'
import { type ListReport, listRejects } from '../../src/evidence/rejects/list.ts'
import { parsePatch } from '../../src/evidence/rejects/merge-patch.ts'
import type { RejectsReport } from '../../src/evidence/rejects/reject-report.ts'
import { parseRejects } from '../../src/evidence/rejects/rejects-request.ts'
import { sendRepairs } from '../../src/evidence/rejects/send-repairs.ts'
import { type ShowReport, showReject } from '../../src/evidence/rejects/show.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { rejects } from '../../src/verbs/rejects.ts'
import type { Place } from './counting.ts'
import { settingsFor, sharedKafka } from './environment.ts'
import { type Ran, run } from './tool.ts'

export const settingsOf = ({ topic, database, settings }: Place): Record<string, string> => ({
  ...settingsFor(sharedKafka(), database, topic),
  ...settings,
})

/** The tool as people run it. */
export const rejectsTool = (test: TestContext, place: Place, ...args: string[]): Promise<Ran> =>
  run(test, 'rejects', settingsOf(place), args)

/** @param args as after `rejects`; `--patch` takes the patch itself here. */
async function reported(place: Place, args: readonly string[]): Promise<object | undefined> {
  const options = Object.fromEntries(Object.entries(rejects.flags).map(([name, { type }]) => [name, { type }]))
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  const request = parseRejects(positionals, values as Record<string, string | boolean>)
  assert.ok(typeof request === 'object', String(request))
  const config = parseConfig(settingsOf(place))
  switch (request.do) {
    case 'list':
      return listRejects(config, request.filter, request.isAll)
    case 'show':
      return showReject(config, request.at, request.lineage)
    case 'discard':
      return label(config, request.selection, { ...request, by: 'somebody@here' })
    case 'retry':
    case 'resend': {
      const patch = request.patch === undefined ? undefined : parsePatch(request.patch)
      return sendRepairs(config, request.selection, { ...request, patch })
    }
    case 'export':
      throw new Error('export is for the tool')
  }
}

export const listed = async (place: Place, ...args: string[]) =>
  (await reported(place, ['list', ...args])) as ListReport
export const shown = async (place: Place, ...args: string[]) => (await reported(place, ['show', ...args])) as ShowReport
export const done = async (place: Place, ...args: string[]) => (await reported(place, args)) as RejectsReport

/** `1 unfit, 12 counted` */
export const summary = ({ groups }: RejectsReport): string =>
  Object.entries(Object.groupBy(groups, ({ outcome }) => outcome))
    .map(([outcome, of]) => `${of!.reduce((sum, { count }) => sum + count, 0)} ${outcome}`)
    .sort()
    .join(', ')
