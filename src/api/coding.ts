/** Content codings: which one a client likes best (RFC 9110, 12.5.3), and the bytes in it. */
import type { Transform } from 'node:stream'
import { promisify } from 'node:util'
import zlib from 'node:zlib'

export type Coding = 'zstd' | 'br' | 'gzip'

/** Below this a packet is a packet. */
const bytesMin = 1_024

/** Ours where the client has no preference: the least work for about the same size comes first. */
const codings: readonly Coding[] = ['zstd', 'br', 'gzip']

const zstdOptions = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 3 } }
/** Its default, 11, takes a hundred times as long. */
const brotliOptions = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }
const gzipOptions = { level: 6 }

/**
 * @param acceptEncoding the header as it came.
 * @param bytes how long the answer is; Infinity where nobody knows.
 * @param ours the codings that there are of it, the ones we like best first.
 * @returns undefined: as it is, also where the client accepts nothing that we have.
 */
export function chooseCoding(
  acceptEncoding: string | undefined,
  bytes: number,
  ours: readonly Coding[] = codings,
): Coding | undefined {
  if (acceptEncoding === undefined || bytes < bytesMin) return undefined
  const weights = weightsOf(acceptEncoding)
  const weight = (name: string, otherwise: number) => weights.get(name) ?? weights.get('*') ?? otherwise
  // Unless it says so, a client likes any coding that it names better than none.
  const plain = weights.get('identity') ?? 0
  return ours
    .filter(coding => weight(coding, 0) > 0 && weight(coding, 0) >= plain)
    .sort((a, b) => weight(b, 0) - weight(a, 0))[0]
}

export function encode(text: string, coding: Coding): Promise<Buffer> {
  switch (coding) {
    case 'zstd':
      return zstd(text, zstdOptions)
    case 'br':
      return brotli(text, brotliOptions)
    case 'gzip':
      return gzip(text, gzipOptions)
  }
}

const zstd = promisify<string, zlib.ZstdOptions, Buffer>(zlib.zstdCompress)
const brotli = promisify<string, zlib.BrotliOptions, Buffer>(zlib.brotliCompress)
const gzip = promisify<string, zlib.ZlibOptions, Buffer>(zlib.gzip)

export function createEncoder(coding: Coding): Transform {
  switch (coding) {
    case 'zstd':
      return zlib.createZstdCompress(zstdOptions)
    case 'br':
      return zlib.createBrotliCompress(brotliOptions)
    case 'gzip':
      return zlib.createGzip(gzipOptions)
  }
}

/** Of a header like Accept or Accept-Encoding: how well each name in it is liked, from 0 to 1. */
export const weightsOf = (header: string): Map<string, number> => new Map(header.split(',').map(weightOf))

function weightOf(element: string): [name: string, weight: number] {
  const [name, ...parameters] = element.split(';').map(part => part.trim().toLowerCase())
  const q = parameters.find(parameter => parameter.startsWith('q='))?.slice(2)
  // A weight that is none makes no wish.
  return [name!, q === undefined ? 1 : /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(q) ? Number(q) : 0]
}
