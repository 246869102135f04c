import { fileURLToPath } from 'node:url'
import { hasChromium, openModulePage } from '@mobileone/testkit'
import { describe, expect, test } from 'vitest'

describe.skipIf(!hasChromium)('in Chromium', () => {
  test('an S0 becomes a zip file in under two seconds', async () => {
    const entry = fileURLToPath(new URL('chromium-page.ts', import.meta.url))
    const { page, close } = await openModulePage({ entry })
    try {
      const { ms, bytes } = await page.evaluate(() =>
        (globalThis as unknown as { exportZip(): { ms: number; bytes: number } }).exportZip(),
      )
      console.log(`exported in ${ms.toFixed(0)} ms`)
      expect(bytes).toBeGreaterThan(4_000_000)
      expect(bytes).toBeLessThan(4_500_000)
      expect(ms).toBeLessThan(2000)
    } finally {
      await close()
    }
  }, 120_000)
})
