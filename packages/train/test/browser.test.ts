import { lacking } from '@mobileone/testkit'
import { describe, expect, test } from 'vitest'
import { openTrainPage } from './open-train-page.ts'
import type { TrainPage } from './train-page.ts'

describe.skipIf(lacking('chromium'))('training in Chromium', () => {
  test('the loss falls, and the folded network classifies', async () => {
    const { page, close } = await openTrainPage()
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
})
