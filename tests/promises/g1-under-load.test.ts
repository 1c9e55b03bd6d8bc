/** G1 and G2: consumers come, go and die under load, and each record has one fate. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Role, until } from '../support/environment.ts'
import { finishScene, openScene } from '../support/scene.ts'

test('G1: under load, through kills of consumers and others that join and leave, the table equals the recount', {
  timeout: 90_000,
}, async t => {
  const scene = await openScene(t)
  const { start, untilMore } = scene
  for (let round = 0; round < 3; round++) {
    const killed = start('one')
    await untilMore(2_000, 'counting')
    await killed.kill()
  }
  const stays = start('one')
  await untilMore(1_000, 'counting after three kills')
  const guests = [start(), start()]
  await until(() => guests.every(hasOpened), 30_000, 'two more opened partitions')
  await untilMore(1_000, 'three are counting')
  for (const guest of guests) {
    await guest.stop()
    await untilMore(1_000, 'one less is counting')
  }
  // At times all are given away for a round: the client forgets what it owned when a rebalance overtook it.
  const fewer = /"event":"partitions_assigned","partitions":\[(\d(,\d){0,2})?\]/
  assert.match(stays.output.join('\n'), fewer, 'they shared')
  await finishScene(t, scene)
})

const hasOpened = ({ output }: Role): boolean => output.some(line => line.includes('"event":"partition_opened"'))
