import { fileURLToPath } from 'node:url'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { type Model, tensor } from '@mobileone/core'
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
import { preprocess } from '@mobileone/vision'
import * as native from 'onnxruntime-node'
import * as web from 'onnxruntime-web'
import { beforeAll, describe, expect, it } from 'vitest'
import { ort } from '../src/index.ts'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Every top-5 as PyTorch's, every logit to 1e-3. */
function expectRight(checks: readonly LogitsCheck[]): void {
  expect(checks.filter(({ sameTop5, maxAbsError }) => !sameTop5 || maxAbsError > 1e-3)).toEqual([])
  console.log(`largest difference of a logit: ${Math.max(...checks.map(({ maxAbsError }) => maxAbsError))}`)
}

describe.skipIf(!hasGolden)('the real S0 on photographs', () => {
  let model: Model
  let photographs: readonly Photograph[]
  beforeAll(async () => {
    model = modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0.pth.tar')))
    photographs = await loadPhotographs(5, (bytes) =>
      preprocess(bytes, imagenetRule, { orientation: 'ignore' }),
    )
  })

  it.each([
    ['onnxruntime-node', () => ort({ lib: native, executionProviders: ['cpu'] })],
    ['onnxruntime-web', () => ort({ lib: web, executionProviders: ['wasm'], numThreads: 1 })],
  ])('%s in Node', async (_, create) => {
    await using executor = await create().compile(model)
    const checks: LogitsCheck[] = []
    for (const photograph of photographs) {
      const { logits } = await executor.run({ image: tensor([1, 3, 224, 224], photograph.input) })
      checks.push(checkLogits(photograph, logits?.data ?? []))
    }
    expectRight(checks)
  })

  it.skipIf(!hasChromium).each(['wasm', 'webgpu'])(
    '%s in Chromium',
    async (provider) => {
      const { page, close } = await openModulePage({
        entry: path('s0-page.ts'),
        folders: { '/ort/': path('../node_modules/onnxruntime-web/dist'), '/golden/': goldenPath() },
        chromiumArguments: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
      })
      try {
        expectRight(await checkInPage(page, provider, photographs))
      } finally {
        await close()
      }
    },
    300_000,
  )
})
