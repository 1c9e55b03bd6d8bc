import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { FetchSocket, inParts } from '../../../src/kafka/fetch-socket.ts'

/** @param serve what is done with each connection. */
async function socketTo(t: TestContext, serve: (peer: Socket) => void, requestTimeout = 5_000): Promise<FetchSocket> {
  const server = createServer({ noDelay: true }, peer => {
    t.after(() => peer.destroy())
    peer.on('error', () => {})
    serve(peer)
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = new FetchSocket('tests', { connectTimeout: 5_000, requestTimeout }, { host: '127.0.0.1', port })
  t.after(() => socket.close())
  await socket.opened
  return socket
}

const framed = (bytes: Buffer) => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

test('an answer is the same however it is cut on its way, and so is the next one', async t => {
  let answer = Buffer.alloc(0)
  let cuts: readonly number[] = []
  const socket = await socketTo(t, peer => {
    peer.on('data', async () => {
      const ends = [...cuts.map(cut => cut % (answer.length + 1)), answer.length].toSorted((a, b) => a - b)
      for (let i = 0, at = 0; i < ends.length; at = ends[i++]!) {
        peer.write(answer.subarray(at, ends[i]))
        await turn()
      }
    })
  })
  const lengths = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 65_500, max: 65_600 }), fc.nat(300_000))
  await fc.assert(
    fc.asyncProperty(
      lengths,
      fc.array(fc.nat(400_000), { maxLength: 4 }),
      fc.boolean(),
      async (length, at, isReleased) => {
        answer = framed(Buffer.from(Array.from({ length }, (_, i) => i % 251)))
        cuts = at.includes(0) ? [1, 2, 3, ...at] : at
        const { bytes, release } = await socket.ask(Buffer.from('more'))
        assert.ok(answer.equals(bytes))
        if (isReleased) release()
      },
    ),
    { numRuns: 60 },
  )
})

test('a connection that ends, stays silent or says what is no answer fails the request, and is open no more', async t => {
  const bad: readonly [serve: (peer: Socket) => void, words: RegExp][] = [
    [peer => peer.end(), /closed the connection/],
    [peer => peer.write(framed(Buffer.alloc(70_000)).subarray(0, 69_000)), /Request timed out/],
    [peer => peer.write(Buffer.from('HTTP/1.1 400 Bad Request')), /no answer/],
    [peer => peer.write(Buffer.concat([framed(Buffer.alloc(3)), Buffer.alloc(1)])), /no answer/],
  ]
  for (const [serve, words] of bad) {
    const socket = await socketTo(t, peer => peer.once('data', () => serve(peer)), 200)
    await assert.rejects(socket.ask(Buffer.from('more')), words)
    assert.equal(socket.isOpen, false)
    await assert.rejects(socket.ask(Buffer.from('more')), words)
  }
})

test('a broker that is not there is told', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  const socket = new FetchSocket('tests', { connectTimeout: 5_000, requestTimeout: 5_000 }, { host: '127.0.0.1', port })
  await assert.rejects(socket.opened, /ECONNREFUSED/)
})

test('memory that is given back is used for a later answer; what is kept stays as it is', async t => {
  let turn = 0
  const socket = await socketTo(t, peer => peer.on('data', () => peer.write(framed(Buffer.alloc(100_000, ++turn)))))
  const first = await socket.ask(Buffer.from('more'))
  const second = await socket.ask(Buffer.from('more'))
  first.release()
  const third = await socket.ask(Buffer.from('more'))
  assert.equal(third.bytes.buffer, first.bytes.buffer)
  assert.notEqual(third.bytes.buffer, second.bytes.buffer)
  assert.deepEqual([second.bytes.at(-1), third.bytes.at(-1)], [2, 3])
})

test('what several use is released when the last of them has done with it, once', () => {
  let released = 0
  const [a, b] = inParts(2, () => {
    released += 1
  })
  a!()
  a!()
  assert.equal(released, 0)
  b!()
  b!()
  assert.equal(released, 1)
})
