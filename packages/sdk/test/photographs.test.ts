import { fileURLToPath } from 'node:url'
import {
  checkInPage,
  checkLogits,
  goldenPath,
  hasChromium,
  hasGolden,
  imagenetRule,
  type LogitsCheck,
  loadPhotographs,
  openModulePage,
  type Photograph,
  readGolden,
} from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelFromCheckpoint, preprocess, readCheckpoint, reference, tensor, wasm } from '../src/index.ts'

/** Every top-5 as PyTorch's, every logit to 1e-3. */
function expectRight(checks: readonly LogitsCheck[]): void {
  expect(checks.filter(({ sameTop5, maxAbsError }) => !sameTop5 || maxAbsError > 1e-3)).toEqual([])
  console.log(`largest difference of a logit: ${Math.max(...checks.map(({ maxAbsError }) => maxAbsError))}`)
}

describe.skipIf(!hasGolden)('the real S0 on photographs', () => {
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
      const checks: LogitsCheck[] = []
      for (const photograph of photographs.slice(0, name === 'reference' ? 1 : 5)) {
        const { logits } = await executor.run({ image: tensor([1, 3, 224, 224], photograph.input) })
        checks.push(checkLogits(photograph, logits?.data ?? []))
      }
      expectRight(checks)
    },
    300_000,
  )

  describe.skipIf(!hasChromium)('in Chromium', () => {
    let opened: { readonly page: Page; close(): Promise<void> }
    beforeAll(async () => {
      opened = await openModulePage({
        entry: fileURLToPath(new URL('photographs-page.ts', import.meta.url)),
        folders: { '/golden/': goldenPath() },
        chromiumArguments: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
      })
    })
    afterAll(() => opened?.close())

    it.each(['wasm, plain SIMD', 'wasm, relaxed SIMD where there is', 'wasm, 2 threads', 'webgpu'])(
      '%s',
      async (backend) => {
        expectRight(await checkInPage(opened.page, backend, photographs))
      },
      300_000,
    )
  })
})
