import { lacking, openModulePage } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectSameBits, expectSameVectorBits, int8Page } from './int8-in-chromium.ts'
import { differences, pointwiseCases, vectorDifferences } from './int8-networks.ts'

describe('two threads, plain build', () => {
  test('pointwise layers in int8 have the bits of the reference', async () => {
    const options = { simd: 'plain', kernel: 'dot_i16', threads: 2 } as const
    expect(await differences(pointwiseCases(), options)).toEqual([])
  })

  test('vectors times int8 weights have the bits of the reference', async () => {
    expect(await vectorDifferences({ simd: 'plain', kernel: undefined, threads: 2 })).toEqual([])
  })
})

describe.skipIf(lacking('chromium'))('two threads in Chromium', () => {
  let opened: Awaited<ReturnType<typeof openModulePage>>
  beforeAll(async () => {
    opened = await openModulePage({ entry: int8Page })
  }, 60_000)
  afterAll(() => opened?.close())

  test.each(['rdot16', 'rdot16x2', 'relaxed_dot_add'] as const)(
    'pointwise layers in int8 by %s have the bits of the reference',
    (kernel) => expectSameBits(opened.page, kernel, 2),
    60_000,
  )

  test(
    'vectors times int8 weights have the bits of the reference',
    () => expectSameVectorBits(opened.page, 2),
    60_000,
  )
})
