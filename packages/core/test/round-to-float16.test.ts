import { float16ToFloat32, float32ToFloat16, roundToFloat16 } from '@mobileone/core/half'
import { expect, test } from 'vitest'

test('values round to float16 as the conversion there and back does', () => {
  const words = Uint32Array.from({ length: 2 ** 20 }, (_, index) => Math.imul(index, 4099))
  const values = new Float32Array(words.buffer)
  const expected = float16ToFloat32(float32ToFloat16(values))
  const rounded = roundToFloat16(values.slice())
  const wrong = rounded.findIndex((value, index) => !Object.is(value, expected[index]))
  expect(wrong, `${values[wrong]} gives ${rounded[wrong]}, not ${expected[wrong]}`).toBe(-1)
})
