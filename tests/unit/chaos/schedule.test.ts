import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faults } from '../../chaos/faults/faults.ts'
import { parseFlags } from '../../chaos/flags.ts'
import { drawSchedule } from '../../chaos/schedule.ts'

const wishes = { faults: 6, brokers: undefined }

test('the same seed draws the same schedule, another seed another', () => {
  assert.deepEqual(drawSchedule('a/1', faults, wishes), drawSchedule('a/1', faults, wishes))
  assert.notDeepEqual(drawSchedule('a/1', faults, wishes), drawSchedule('a/2', faults, wishes))
})

test('of some hundred schedules every fault is drawn, and only where it makes sense', () => {
  const schedules = Array.from({ length: 300 }, (_, n) => drawSchedule(`b/${n}`, faults, wishes))
  const drawn = new Set<string>()
  for (const { faults: planned, brokers, consumers } of schedules) {
    assert.equal(planned.length, 6)
    assert.ok(planned.filter(({ fault }) => faults[fault]!.isLong).length <= 1)
    for (const { fault } of planned) {
      drawn.add(fault)
      assert.equal(faults[fault]!.brokers ?? brokers, brokers)
      assert.ok((faults[fault]!.consumersMin ?? 1) <= consumers)
    }
  }
  assert.deepEqual([...drawn].sort(), Object.keys(faults).sort())
})

test('what is wished for comes first, with the consumers that it takes', () => {
  const { faults: planned, consumers } = drawSchedule('c', faults, {
    ...wishes,
    brokers: 1,
    first: ['consumer a zombie'],
  })
  assert.equal(planned[0]!.fault, 'consumer a zombie')
  assert.ok(consumers >= 2)
})

test('wrong flags are named, and a run without a bound is over after some minutes', () => {
  for (const [args, said] of [
    [['--schedules', 'many'], /--schedules is "many"/],
    [['--only', 'flood'], /no such fault: flood\. There are: consumer killed, /],
    [['--brokers', '2'], /--brokers is "2"/],
    [['--sed', 'x'], /Unknown option '--sed'/],
  ] as const) {
    assert.match(String(parseFlags(args, 'drawn')), said)
  }
  const parsed = parseFlags([], 'drawn')
  assert.ok(typeof parsed === 'object')
  assert.deepEqual([parsed.campaign.seed, parsed.minutes, parsed.schedules], ['drawn', 5, Number.POSITIVE_INFINITY])
})
