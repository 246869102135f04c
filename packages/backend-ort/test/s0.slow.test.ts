import { fileURLToPath } from 'node:url'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import type { Model } from '@mobileone/core'
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
import * as native from 'onnxruntime-node'
import * as web from 'onnxruntime-web'
import { beforeAll, describe, expect, it } from 'vitest'
import { ort } from '../src/index.ts'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

describe.skipIf(lacking('golden'))('the real S0 on photographs', () => {
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
    expect(wrongChecks(await checkExecutor(executor, photographs))).toEqual([])
  })

  it.skipIf(lacking('chromium')).each(['wasm', 'webgpu'])(
    '%s in Chromium',
    async (provider) => {
      const { page, close } = await openModulePage({
        entry: path('s0-page.ts'),
        folders: { '/ort/': path('../node_modules/onnxruntime-web/dist'), '/golden/': goldenPath() },
        chromiumArguments: softwareGpu,
      })
      try {
        const checked = photographs.slice(0, provider === 'webgpu' ? 1 : 3)
        expect(wrongChecks(await checkInPage(page, provider, checked))).toEqual([])
      } finally {
        await close()
      }
    },
    300_000,
  )
})
