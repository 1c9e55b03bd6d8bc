/**
 * LZ4 frames inflated in WebAssembly of our own, which takes half as long as the Kafka client's. `assembly/` is its
 * source; `npm run kernel` compiles it to `lz4.wasm`, which is committed and compared with a fresh compilation by a test.
 */
import { readFileSync } from 'node:fs'

/** What a frame may take here, and what may come out of it. */
export const frameBytesMax = 1 << 20
export const inflatedBytesMax = 1 << 22

/** TypeScript knows it as a browser's only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly input: { readonly value: number }
  readonly output: { readonly value: number }
  inflate(length: number, room: number): number
}

interface Inflater {
  readonly wasm: Exports
  /** Never grows. */
  readonly memory: Buffer
}
let inflater: Inflater | undefined

/**
 * @param bytesMax so many bytes may come out at most; {@link inflatedBytesMax} is the limit in any case.
 * @returns undefined for a frame that is damaged, larger than this, or made as no client of Kafka does: something else
 * has to look at it. Checksums of a frame are not looked at, as the CRC of a record batch covers it.
 */
export function inflateLz4(frame: Buffer, bytesMax: number): Buffer | undefined {
  if (frame.length > frameBytesMax) return undefined
  inflater ??= compiled()
  const { wasm, memory } = inflater
  memory.set(frame, wasm.input.value)
  const length = wasm.inflate(frame.length, Math.min(bytesMax, inflatedBytesMax))
  if (length < 0) return undefined
  const inflated = Buffer.allocUnsafeSlow(length)
  memory.copy(inflated, 0, wasm.output.value, wasm.output.value + length)
  return inflated
}

function compiled(): Inflater {
  const module = new WebAssembly.Module(readFileSync(new URL('lz4.wasm', import.meta.url)))
  const wasm = new WebAssembly.Instance(module).exports as Exports
  return { wasm, memory: Buffer.from(wasm.memory.buffer) }
}
