import { checkInPage, lacking, type Photograph, wrongChecks } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reference } from '../src/index.ts'
import { loadPreprocessed, openPhotographsPage, wrongOnS0 } from './s0-photographs.ts'

describe.skipIf(lacking('golden'))('the real S0 on photographs', () => {
  let photographs: readonly Photograph[]
  beforeAll(async () => {
    photographs = await loadPreprocessed(5)
  })

  it('reference in Node', async () => {
    expect(await wrongOnS0(reference(), photographs.slice(0, 1))).toEqual([])
  }, 300_000)

  describe.skipIf(lacking('chromium'))('in Chromium', () => {
    let opened: { readonly page: Page; close(): Promise<void> }
    beforeAll(async () => {
      opened = await openPhotographsPage()
    })
    afterAll(() => opened?.close())

    it.each(['wasm, plain SIMD', 'wasm, relaxed SIMD where there is', 'wasm, 2 threads', 'webgpu'])(
      '%s',
      async (backend) => {
        const checked = photographs.slice(0, backend === 'webgpu' ? 1 : 5)
        expect(wrongChecks(await checkInPage(opened.page, backend, checked))).toEqual([])
      },
      300_000,
    )
  })
})
