import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Int8Kernel } from '../src/choose.ts'
import type { Int8Page } from './int8-page.ts'

/** What the page of {@link expectSameBits} loads. */
export const int8Page: string = fileURLToPath(new URL('int8-page.ts', import.meta.url))

/** Pointwise layers in int8 have the bits of the reference, by `kernel` of the relaxed build. */
export async function expectSameBits(page: Page, kernel: Int8Kernel, threads: number): Promise<void> {
  const found = await page.evaluate(
    (options) => (globalThis as unknown as Int8Page).int8.differences(options),
    { simd: 'relaxed', kernel, threads } as const,
  )
  expect(found).toEqual([])
}

/** Vectors times int8 weights have the bits of the reference, by the relaxed build. */
export async function expectSameVectorBits(page: Page, threads: number): Promise<void> {
  const found = await page.evaluate(
    (options) => (globalThis as unknown as Int8Page).int8.vectorDifferences(options),
    { simd: 'relaxed', kernel: undefined, threads } as const,
  )
  expect(found).toEqual([])
}
