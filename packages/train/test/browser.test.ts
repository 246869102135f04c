import { fileURLToPath } from 'node:url'
import { lacking, openModulePage, softwareGpu } from '@mobileone/testkit'
import { describe, expect, test } from 'vitest'
import type { TrainPage } from './train-page.ts'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const open = (): ReturnType<typeof openModulePage> =>
  openModulePage({
    entry: path('train-page.ts'),
    folders: { '/tfjs/': path('../node_modules/@tensorflow/tfjs-backend-wasm/dist') },
    chromiumArguments: [...softwareGpu, '--enable-unsafe-swiftshader'],
  })

describe.skipIf(lacking('chromium'))('training in Chromium', () => {
  test('the loss falls, and the folded network classifies', async () => {
    const { page, close } = await open()
    try {
      const result = await page.evaluate(() => (globalThis as unknown as TrainPage).trainInPage('wasm'))
      expect(result.losses[1]).toBeLessThan((result.losses[0] as number) * 0.8)
      expect(result.nodes).toBe(0)
      expect(result.top1).toBeGreaterThan(0.9)
      expect(result.leaked).toBe(0)
    } finally {
      await close()
    }
  }, 120_000)

  test.each(['wasm', 'webgpu'])(
    'gradients on %s are those on cpu',
    async (backend) => {
      const { page, close } = await open()
      try {
        const difference = await page.evaluate(
          (name) => (globalThis as unknown as TrainPage).gradientDifference(name),
          backend,
        )
        expect(difference).toBeLessThan(1e-4)
      } finally {
        await close()
      }
    },
    240_000,
  )
})
