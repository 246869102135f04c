/** Set-up of every test file: `toEqual` walks arrays of numbers element by element, which takes seconds for the weights of a network. */
import { expect } from 'vitest'

/** Equal bytes are equal numbers; of others the usual comparison decides, and shows the difference. */
function sameBytes(a: unknown, b: unknown): true | undefined {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b) || a.constructor !== b.constructor) return undefined
  const [bytes, others] = [a, b].map(({ buffer, byteOffset, byteLength }) =>
    Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength),
  ) as [Buffer, Buffer]
  return bytes.equals(others) ? true : undefined
}

expect.addEqualityTesters([sameBytes])
