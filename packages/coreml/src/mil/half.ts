const scratch = new Float32Array(1)
const bits = new Uint32Array(scratch.buffer)

/** Round every element to the nearest float16, ties to even, in place; beyond 65520 to infinity. */
export function roundToHalf(values: Float32Array): Float32Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as number
    const magnitude = word & 0x7fffffff
    if (magnitude >= 0x38800000 && magnitude < 0x477ff000) {
      words[index] = (word + 0xfff + ((word >>> 13) & 1)) & 0xffffe000
    } else if (magnitude === 0 || magnitude >= 0x7f800000) continue
    else if (magnitude >= 0x477ff000) words[index] = (word & 0x80000000) | 0x7f800000
    else {
      // Between 0.5 and 1 a float32 has steps of 2^-24, the subnormal step of float16, so this addition rounds.
      scratch[0] = Math.abs(values[index] as number) + 0.5
      scratch[0] = (scratch[0] as number) - 0.5
      words[index] = (word & 0x80000000) | (bits[0] as number)
    }
  }
  return values
}
