/** UUIDs of either case: 36 characters, read as three vectors. */

/**
 * Writes the 16 bytes of the UUID whose text stands at `at`.
 * @returns false when it is none, or no quote closes it.
 */
export function readUuid(at: usize, into: usize): bool {
  const a = v128.load(at)
  const b = v128.load(at, 16)
  const c = v128.load(at, 20)
  if (load<u8>(at, 8) !== 0x2d || load<u8>(at, 13) !== 0x2d || load<u8>(at, 18) !== 0x2d || load<u8>(at, 23) !== 0x2d) {
    return false
  }
  // The 32 digits without the dashes.
  const first = v128.shuffle<u8>(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17)
  const second = v128.shuffle<u8>(b, c, 3, 4, 5, 6, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31)
  if (!v128.all_true<u8>(v128.and(areHex(first), areHex(second)))) return false
  v128.store(into, v128.narrow<u16>(bytesOf(first), bytesOf(second)))
  return load<u8>(at, 36) === 0x22
}

function areHex(text: v128): v128 {
  const digit = v128.le<u8>(v128.sub<u8>(text, i8x16.splat(0x30)), i8x16.splat(9))
  const letter = v128.le<u8>(v128.sub<u8>(v128.or(text, i8x16.splat(0x20)), i8x16.splat(0x61)), i8x16.splat(5))
  return v128.or(digit, letter)
}

/** Two digits make a byte, in eight lanes of 16 bits. The low four bits of a letter are 9 less than what it stands for. */
function bytesOf(digits: v128): v128 {
  const letters = v128.gt<u8>(digits, i8x16.splat(0x39))
  const values = v128.add<u8>(v128.and(digits, i8x16.splat(15)), v128.and(letters, i8x16.splat(9)))
  return v128.and(v128.or(v128.shl<i16>(values, 4), v128.shr<u16>(values, 8)), i16x8.splat(0xff))
}
