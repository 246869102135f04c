import { fileURLToPath } from 'node:url'
import { lacking, openModulePage, softwareGpu } from '@mobileone/testkit'
import { expect, it } from 'vitest'

it.skipIf(lacking('chromium'))(
  'images become the input of the CPU’s preprocessing to 1.5 steps of 255, in Chromium',
  async () => {
    const { page, close } = await openModulePage({
      entry: fileURLToPath(new URL('image-page.ts', import.meta.url)),
      chromiumArguments: softwareGpu,
    })
    try {
      await page.waitForFunction(() => 'compareImages' in globalThis)
      const results = await page.evaluate(() =>
        (
          globalThis as unknown as { compareImages(): Promise<Record<string, Record<string, number>>> }
        ).compareImages(),
      )
      expect(Object.keys(results)).toHaveLength(12)
      const frame = await page.evaluate(() =>
        (globalThis as unknown as { runFrame(): Promise<string> }).runFrame(),
      )
      expect(['ran', 'invalid-input']).toContain(frame)
      const { direct, largest } = await page.evaluate(() =>
        (
          globalThis as unknown as {
            embedEverySource(): Promise<Record<'direct' | 'largest', Record<string, number>>>
          }
        ).embedEverySource(),
      )
      const taken = frame === 'ran' ? 1 : 0
      expect(direct).toEqual({ canvas: 1, element: 1, bitmap: 1, frame: taken, pixels: 0, blob: 0 })
      for (const [name, steps] of Object.entries(largest)) expect(steps, name).toBeLessThan(3)
      for (const [name, bySource] of Object.entries(results)) {
        for (const [source, steps] of Object.entries(bySource))
          expect(steps, `${name}, ${source}`).toBeLessThan(1.5)
      }
    } finally {
      await close()
    }
  },
  200_000,
)
