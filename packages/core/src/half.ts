/** Conversions between float32 and the two 16-bit floats, on whole arrays. IEEE 754-2008 binary16; bfloat16 is the top half of binary32. */

/** The float32 of each binary16; exact, NaN and infinity too. */
export function float16ToFloat32(halves: Uint16Array): Float32Array {
  const out = new Float32Array(halves.length)
  const bits = new Uint32Array(out.buffer)
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!
    const exponent = (half >> 10) & 31
    const fraction = half & 0x3ff
    if (exponent === 0) out[i] = (half & 0x8000 ? -1 : 1) * fraction * 2 ** -24
    else {
      const wide = exponent === 31 ? 0xff : exponent + 112
      bits[i] = ((half & 0x8000) << 16) | (wide << 23) | (fraction << 13)
    }
  }
  return out
}

/** The float32 of each bfloat16; exact. */
export function bfloat16ToFloat32(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length)
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16
  return new Float32Array(bits.buffer)
}

/** Round to nearest, ties to even. Finite values of 65520 and above become infinite. */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length)
  const scratch = new Float32Array(1)
  const bits = new Uint32Array(scratch.buffer)
  for (let i = 0; i < values.length; i++) {
    scratch[0] = values[i]!
    const x = bits[0]!
    const sign = (x >>> 16) & 0x8000
    const magnitude = x & 0x7fffffff
    if (magnitude >= 0x7f800000) out[i] = sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00)
    else if (magnitude >= 0x477ff000) out[i] = sign | 0x7c00
    else if (magnitude < 0x38800000) {
      // Between 0.5 and 1 a float32 has steps of 2^-24, the subnormal step of binary16, so this addition rounds.
      scratch[0] = Math.abs(scratch[0]!) + 0.5
      out[i] = sign | (bits[0]! - 0x3f000000)
    } else out[i] = sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000) >>> 13)
  }
  return out
}

/** Round every element to the nearest binary16 in place, as {@link float32ToFloat16} rounds. Gives back `values`. */
export function roundToFloat16(values: Float32Array): Float32Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const scratch = new Float32Array(1)
  const bits = new Uint32Array(scratch.buffer)
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!
    const magnitude = word & 0x7fffffff
    if (magnitude >= 0x38800000 && magnitude < 0x477ff000) {
      words[index] = (word + 0xfff + ((word >>> 13) & 1)) & 0xffffe000
    } else if (magnitude === 0 || magnitude >= 0x7f800000) continue
    else if (magnitude >= 0x477ff000) words[index] = (word & 0x80000000) | 0x7f800000
    else {
      // Between 0.5 and 1 a float32 has steps of 2^-24, the subnormal step of binary16, so this addition rounds.
      scratch[0] = Math.abs(values[index]!) + 0.5
      scratch[0] = scratch[0] - 0.5
      words[index] = (word & 0x80000000) | bits[0]!
    }
  }
  return values
}
