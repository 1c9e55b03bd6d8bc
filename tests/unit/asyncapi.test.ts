/** docs/asyncapi.yaml says the same as the code; that it keeps AsyncAPI is shown in tests/integration/documents.test.ts. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { judge } from '../../src/event/judge.ts'
import { userActivitySchema } from '../../src/event/schema.ts'
import { parseConfig, projectRoot } from '../../src/runtime/config.ts'
import { parseTraceparent } from '../../src/runtime/trace.ts'

const document = parse(readFileSync(join(projectRoot, 'docs/asyncapi.yaml'), 'utf8'))
const { userActivity } = document.components.messages

test('the payload is the one JSON Schema of an event', () => {
  const { $schema, $id, ...schema } = userActivitySchema
  assert.deepEqual(userActivity.payload, JSON.parse(JSON.stringify(schema)))
})

test('every example would be counted, and its trace found', () => {
  const { rules } = parseConfig({})
  for (const { name, payload, headers } of userActivity.examples) {
    const appendMs = Date.parse(payload.timestamp)
    const bytes = Buffer.from(JSON.stringify(payload))
    const verdict = judge(bytes, 0, bytes.length, appendMs, rules)
    assert.ok(!('reason' in verdict), name)
    if (headers !== undefined) assert.ok(parseTraceparent(headers.traceparent), name)
  }
})

test('names and defaults are those of the settings', () => {
  const { kafka } = parseConfig({})
  const { address, bindings } = document.channels.userActivities
  assert.equal(address, kafka.topic)
  assert.deepEqual(document.servers.kafka.host, kafka.bootstrapServers.join(','))
  const { topic, partitions, topicConfiguration } = bindings.kafka
  assert.deepEqual([topic, partitions], [kafka.topic, kafka.partitions])
  assert.equal(topicConfiguration['retention.ms'], kafka.retentionDays * 86_400_000)
  assert.equal(document.operations.countUserActivities.bindings.kafka.groupId.const, kafka.group)
})
