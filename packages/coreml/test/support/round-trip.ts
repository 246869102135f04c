import type { Model, Tensor } from '@mobileone/core'
import { expect } from 'vitest'
import { fromCoreML, toCoreML } from '../../src/index.ts'

/** `toEqual` without its price of a microsecond for each weight. */
function expectEqual({ weights, ...rest }: Model, { weights: wanted, ...others }: Model): void {
  expect(rest).toEqual({ ...others, config: undefined })
  expect(Object.keys(weights).sort()).toEqual(Object.keys(wanted).sort())
  for (const [name, { shape, data }] of Object.entries(wanted)) {
    const found = weights[name] as Tensor
    expect(found.shape, name).toEqual(shape)
    const bytes = [found.data, data].map(
      (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
    )
    expect(Buffer.compare(bytes[0] as Uint8Array, bytes[1] as Uint8Array), name).toBe(0)
  }
}

/** Expect that `model`, written in float32, reads back equal. */
export function expectRoundTrip(model: Model): void {
  expectEqual(fromCoreML(toCoreML(model, { precision: 'float32' })), model)
}
