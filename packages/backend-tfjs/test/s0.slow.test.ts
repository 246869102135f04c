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
import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { tfjs } from '../src/index.ts'

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

  it.each(['cpu', 'wasm'] as const)(
    '%s in Node',
    async (backend) => {
      await using executor = await tfjs({ lib: tf, backend }).compile(model)
      expect(
        wrongChecks(await checkExecutor(executor, photographs.slice(0, backend === 'cpu' ? 1 : 5))),
      ).toEqual([])
    },
    300_000,
  )

  it.skipIf(lacking('chromium')).each(['wasm', 'webgl', 'webgpu'])(
    '%s in Chromium',
    async (backend) => {
      const { page, close } = await openModulePage({
        entry: path('s0-page.ts'),
        folders: {
          '/tfjs/': path('../node_modules/@tensorflow/tfjs-backend-wasm/dist'),
          '/golden/': goldenPath(),
        },
        chromiumArguments: [...softwareGpu, '--enable-unsafe-swiftshader'],
      })
      try {
        const checked = photographs.slice(0, backend === 'wasm' ? 3 : 1)
        expect(wrongChecks(await checkInPage(page, backend, checked))).toEqual([])
      } finally {
        await close()
      }
    },
    300_000,
  )
})
