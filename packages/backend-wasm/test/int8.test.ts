import { fileURLToPath } from 'node:url'
import type { QuantizedTensor } from '@mobileone/core'
import { lacking, openModulePage } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tuningOf } from '../src/choose.ts'
import { planInt8 } from '../src/int8-layers.ts'
import { fitsLanes } from '../src/int8-pack.ts'
import { planModel } from '../src/plan.ts'
import { differences, pointwise, pointwiseCases } from './int8-networks.ts'
import type { Int8Page } from './int8-page.ts'

describe('the lanes of rdot16x2', () => {
  const weight = (data: readonly number[]): QuantizedTensor => ({
    dtype: 'int8',
    shape: [1, data.length, 1, 1],
    data: Int8Array.from(data),
    scales: Float32Array.of(1),
  })

  test.each([
    [[127, 127, 0, 0, 4, 0, 0, 0], true],
    [[127, 127, 0, 0, 4, -1, 0, 0], false],
    [[0, 0, -127, 127, 0, 0, 5, 0], false],
    [[127, 127, 127, 127, 0, 0, 0, 0, 127, 127, 127, 127], true],
    [[0, 0, 0, 0, 0, 0, 0, 0, 127, 127, 0, 0, 127], false],
    [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 127, 127, 0, 0, -127], false],
  ])('%j fit: %s', (data, fits) => expect(fitsLanes(weight(data))).toBe(fits))

  test('a layer that breaks the limit is computed by rdot16', async () => {
    for (const [large, kernel] of [
      [false, 'int8 rdot16x2'],
      [true, 'int8 rdot16'],
    ] as const) {
      const model = pointwise({ inputs: 16, outputs: 16, size: [2, 2], large }, 1)
      const { steps, precision } = await planModel(model, 1, tuningOf('relaxed'), planInt8('rdot16x2'))
      expect(steps.map((step) => step.kernel)).toContain(kernel)
      expect(precision).toBe('int8')
    }
  })
})

describe('pointwise layers in int8, plain build', () => {
  test.each([1, 2])('have the bits of the reference, %i threads', async (threads) => {
    expect(await differences(pointwiseCases(), { simd: 'plain', kernel: 'dot_i16', threads })).toEqual([])
  })
})

describe.skipIf(lacking('chromium'))('pointwise layers in int8 in Chromium', () => {
  const entry = fileURLToPath(new URL('int8-page.ts', import.meta.url))
  let opened: Awaited<ReturnType<typeof openModulePage>>
  beforeAll(async () => {
    opened = await openModulePage({ entry })
  }, 60_000)
  afterAll(() => opened?.close())

  test.each(['rdot16', 'rdot16x2', 'relaxed_dot_add'] as const)(
    '%s has the bits of the reference',
    async (kernel) => {
      for (const threads of [1, 2]) {
        const found = await opened.page.evaluate(
          (options) => (globalThis as unknown as Int8Page).int8.differences(options),
          { simd: 'relaxed', kernel, threads } as const,
        )
        expect(found).toEqual([])
      }
    },
    60_000,
  )
})
