import { fileURLToPath } from 'node:url'
import { lacking, openModulePage } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { differences, pointwiseCases, vectorDifferences } from './int8-networks.ts'
import type { Int8Page } from './int8-page.ts'

const entry = fileURLToPath(new URL('int8-page.ts', import.meta.url))

/** Layers with int8 weights have the bits of the reference in the plain build, on so many threads. */
export function describePlainBits(threads: number): void {
  describe(`layers in int8, plain build, ${threads} thread(s)`, () => {
    test('pointwise ones have the bits of the reference', async () => {
      const options = { simd: 'plain', kernel: 'dot_i16', threads } as const
      expect(await differences(pointwiseCases(), options)).toEqual([])
    })

    test('vectors times int8 weights have the bits of the reference', async () => {
      expect(await vectorDifferences({ simd: 'plain', kernel: undefined, threads })).toEqual([])
    })
  })
}

/** The same by every kernel of the relaxed build in Chromium, and `more` on the same page. */
export function describeBitsInChromium(threads: number, more: (page: () => Page) => void = () => {}): void {
  describe.skipIf(lacking('chromium'))(`layers in int8 in Chromium, ${threads} thread(s)`, () => {
    let opened: Awaited<ReturnType<typeof openModulePage>>
    beforeAll(async () => {
      opened = await openModulePage({ entry })
    }, 60_000)
    afterAll(() => opened?.close())

    test.each(['rdot16', 'rdot16x4', 'relaxed_dot_add'] as const)(
      'pointwise ones by %s have the bits of the reference',
      async (kernel) => {
        const found = await opened.page.evaluate(
          (options) => (globalThis as unknown as Int8Page).int8.differences(options),
          { simd: 'relaxed', kernel, threads } as const,
        )
        expect(found).toEqual([])
      },
      60_000,
    )

    test('vectors times int8 weights have the bits of the reference', async () => {
      const found = await opened.page.evaluate(
        (options) => (globalThis as unknown as Int8Page).int8.vectorDifferences(options),
        { simd: 'relaxed', kernel: undefined, threads } as const,
      )
      expect(found).toEqual([])
    }, 60_000)

    more(() => opened.page)
  })
}
