import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig, type Source } from '../../../../src/runtime/config.ts'
import { examineEncryption } from '../../../../src/upkeep/doctor/kafka.ts'

const sasl = { KAFKA_SASL_MECHANISM: 'PLAIN', KAFKA_SASL_USERNAME: 'ada', KAFKA_SASL_PASSWORD: 'hush' }
const examine = (servers: string, more: Source = {}) =>
  examineEncryption(parseConfig({ KAFKA_BOOTSTRAP_SERVERS: servers, ...more }))

test('an unencrypted connection to another machine is noted, with what could be read', () => {
  const [events] = examine('localhost:9092, kafka.example.com:9092')
  assert.equal(events?.verdict, 'note')
  assert.match(
    events.detail,
    /is PLAINTEXT: events cross the network to kafka\.example\.com:9092 unencrypted; set it to SSL/,
  )
  const [credentials] = examine('10.0.0.7:9092', { ...sasl, KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT' })
  assert.match(credentials!.detail, /events and credentials cross the network .*; set it to SASL_SSL/)
})

test('nothing is noted on the same machine, nor where it is encrypted', () => {
  for (const servers of ['127.0.0.1:9092', 'localhost:9092', '[::1]:9092']) assert.deepEqual(examine(servers), [])
  assert.deepEqual(examine('kafka.example.com:9093', { KAFKA_SECURITY_PROTOCOL: 'SSL' }), [])
  assert.deepEqual(examine('kafka.example.com:9093', { ...sasl, KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' }), [])
})
