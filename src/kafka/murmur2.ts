/**
 * Java's partitioner. The library has one too (`compatibilityPartitioner`), in BigInt: 4 µs for a user id where this
 * takes 0.1 µs. A test holds both together.
 */

const seed = 0x9747b28c
const multiplier = 0x5bd1e995

/** The partition a Java client, kafkajs or librdkafka's `murmur2` would choose for this key. */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fff_ffff) % partitions
}

/** MurmurHash2, 32 bits, with Kafka's seed. */
export function murmur2(data: Uint8Array): number {
  const length = data.length
  let hash = seed ^ length
  let at = 0
  for (; at + 4 <= length; at += 4) {
    let word = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)
    word = Math.imul(word, multiplier)
    word ^= word >>> 24
    hash = Math.imul(hash, multiplier) ^ Math.imul(word, multiplier)
  }
  if (at < length) {
    for (let rest = length - 1; rest >= at; rest--) hash ^= data[rest]! << (8 * (rest - at))
    hash = Math.imul(hash, multiplier)
  }
  hash ^= hash >>> 13
  hash = Math.imul(hash, multiplier)
  return hash ^ (hash >>> 15)
}
