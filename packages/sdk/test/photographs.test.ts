import { fileURLToPath } from 'node:url'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import {
  checkExecutor,
  checkInPage,
  goldenPath,
  imagenetRule,
  lacking,
  loadPhotographs,
  openModulePage,
  type Photograph,
  readGolden,
  softwareGpu,
  wrongChecks,
} from '@mobileone/testkit'
import { preprocess } from '@mobileone/vision'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reference, wasm } from '../src/index.ts'

describe.skipIf(lacking('golden'))('the real S0 on photographs', () => {
  let photographs: readonly Photograph[]
  beforeAll(async () => {
    photographs = await loadPhotographs(5, (bytes) =>
      preprocess(bytes, imagenetRule, { orientation: 'ignore' }),
    )
  })

  it.each([
    ['reference', reference],
    ['wasm', wasm],
    ['wasm, 2 threads', () => wasm({ threads: 2 })],
  ] as const)(
    '%s in Node',
    async (name, create) => {
      const model = modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0.pth.tar')))
      await using executor = await create().compile(model)
      expect(
        wrongChecks(await checkExecutor(executor, photographs.slice(0, name === 'reference' ? 1 : 5))),
      ).toEqual([])
    },
    300_000,
  )

  describe.skipIf(lacking('chromium'))('in Chromium', () => {
    let opened: { readonly page: Page; close(): Promise<void> }
    beforeAll(async () => {
      opened = await openModulePage({
        entry: fileURLToPath(new URL('photographs-page.ts', import.meta.url)),
        folders: { '/golden/': goldenPath() },
        chromiumArguments: softwareGpu,
      })
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
