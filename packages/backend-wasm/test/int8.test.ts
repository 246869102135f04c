import type { QuantizedTensor } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { type Int8Kernel, tuningOf } from '../src/choose.ts'
import { wasm } from '../src/index.ts'
import { fastestKernel, type Rates } from '../src/int8.ts'
import { planInt8 } from '../src/int8-layers.ts'
import { fitsLanes } from '../src/int8-pack.ts'
import { planModel } from '../src/plan.ts'
import { describeBitsInChromium, describePlainBits } from './int8-bits.ts'
import { int8Network, networkDistance, pointwise } from './int8-networks.ts'
import type { Int8Page } from './int8-page.ts'

describe('the lanes of rdot16x4', () => {
  const weight = (data: readonly number[]): QuantizedTensor => ({
    dtype: 'int8',
    shape: [1, data.length, 1, 1],
    data: Int8Array.from(data),
    scales: Float32Array.of(1),
  })

  test.each([
    [[127, 127, 0, 0, 4, 0, 0, 0], true],
    [[127, 127, 0, 0, 4, -127, 0, 0, -127, -4], true],
    [[127, 127, 0, 0, 4, 0, 0, 0, 0, 1], false],
    [[127, 127, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5], false],
    [[0, 0, -127, -127, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -5], false],
    [[127, 127, 127, 127, ...Array(12).fill(0), 127, 127, 127, 127], true],
    [[...Array(16).fill(0), 127, 127, 0, 0, 127], false],
    [[...Array(16).fill(0), 0, 0, -127, -127, 0, 0, -127], false],
  ])('%j fit: %s', (data, fits) => expect(fitsLanes(weight(data))).toBe(fits))

  test('a layer that breaks the limit is computed by rdot16', async () => {
    for (const [large, kernel] of [
      [false, 'int8 rdot16x4'],
      [true, 'int8 rdot16'],
    ] as const) {
      const model = pointwise({ inputs: 16, outputs: 16, size: [2, 2], large }, 1)
      const { steps, precision } = await planModel(model, 1, tuningOf('relaxed'), planInt8('rdot16x4'))
      expect(steps.map((step) => step.kernel)).toContain(kernel)
      expect(precision).toBe('int8')
    }
  })
})

describePlainBits(1)

/** The steps of the network of the tests: what layers in int8 alone read is stored for them. */
function networkKernels(kernel: string): string[] {
  return [
    'from NCHW',
    'depthwise 3x3+relu, to int8',
    `int8 ${kernel}+relu`,
    'depthwise 3x3+relu, to int8',
    `int8 ${kernel}`,
    `int8 ${kernel}`,
    'add+relu',
    'depthwise 3x3+relu6',
    'to int8',
    `int8 ${kernel}`,
    'mean',
    'to int8',
    `int8 ${kernel}+relu`,
    'pointwise+sigmoid',
    'gate+relu',
    'to int8',
    `int8 ${kernel}`,
    'to NCHW',
    'to NCHW',
  ]
}

describe('a network of layers in int8, plain build', () => {
  test.each([1, 2])('is within the distance of float32 from the reference, %i threads', async (threads) => {
    const { distance, kernels } = await networkDistance({ simd: 'plain', kernel: 'dot_i16', threads })
    expect(kernels).toEqual(networkKernels('dot_i16'))
    expect(distance).toBeLessThan(2e-5)
  })

  test('is what wasm() makes of it, but not in float32', async () => {
    const model = int8Network()
    const precisions = await Promise.all(
      (['int8', 'float32'] as const).map(async (precision) => {
        const executor = await wasm({ precision, simd: 'plain' }).compile(model)
        await executor.dispose()
        return executor.precision
      }),
    )
    expect(precisions).toEqual(['int8', 'float32'])
  })

  test('another precision is refused', async () => {
    const backend = wasm({ precision: 'int4' as 'int8' })
    await expect(backend.compile(int8Network())).rejects.toThrow(/must be 'float32' or 'int8', not "int4"/)
  })
})

describe('the choice by rates', () => {
  test.each([
    [{ float32: 1, rdot16x4: 2.3, relaxed_dot_add: 1.5 }, 'rdot16x4'],
    [{ float32: 1, rdot16x4: 2.3, relaxed_dot_add: 3.5 }, 'relaxed_dot_add'],
    [{ float32: 1, dot_i16: 0.9 }, undefined],
  ])('%j', (rates, kernel) => {
    const all: Rates = new Map(Object.entries(rates) as [Int8Kernel, number][])
    expect(fastestKernel(all, undefined).kernel).toBe(kernel)
    expect(fastestKernel(all, 'int8').kernel).toBeDefined()
  })
})

describeBitsInChromium(1, (page) => {
  test('a network of them is within the distance of float32 from the reference', async () => {
    for (const threads of [1, 2]) {
      const { distance, kernels } = await page().evaluate(
        (options) => (globalThis as unknown as Int8Page).int8.networkDistance(options),
        { simd: 'relaxed', kernel: 'rdot16x4', threads } as const,
      )
      expect(kernels).toEqual(networkKernels('rdot16x4'))
      expect(distance).toBeLessThan(2e-5)
    }
  }, 60_000)

  test('the fastest kernel is chosen, and told', async () => {
    const found = await page().evaluate(() =>
      (globalThis as unknown as Int8Page).int8.chooses({ precision: 'int8' }),
    )
    const [, kernel] = /^int8 by (rdot16x4|relaxed_dot_add), [\d.]+ x float32$/.exec(found.features[2]!)!
    expect(found.kernels).toContain(`int8 ${kernel}`)
    expect(found.precision).toBe('int8')
    expect(found.ms[1]).toBeLessThan(found.ms[0]!)
  }, 60_000)
})
