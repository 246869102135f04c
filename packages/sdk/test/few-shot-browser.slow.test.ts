import { fileURLToPath } from 'node:url'
import { lacking, openModulePage } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PageResult } from './few-shot-page.ts'

describe.skipIf(lacking('chromium'))('few-shot learning in Chromium', () => {
  let opened: Awaited<ReturnType<typeof openModulePage>>
  beforeAll(async () => {
    opened = await openModulePage({
      entry: fileURLToPath(new URL('./few-shot-page.ts', import.meta.url)),
      folders: { '/assets/': fileURLToPath(new URL('../../../apps/demo/assets', import.meta.url)) },
    })
  })
  afterAll(async () => {
    await opened?.close()
  })

  it('trains a head in the page in seconds, exports it, and classifies with the exported file', async () => {
    await opened.page.waitForFunction('globalThis.run')
    const found = (await opened.page.evaluate('globalThis.run()')) as PageResult
    console.log(
      `Chromium: a head from 18 drawings in ${found.milliseconds.toFixed(0)} ms, ${JSON.stringify(found)}`,
    )
    expect(found.accuracy).toBeGreaterThan(0.85)
    expect(found.exportedAccuracy).toBe(found.accuracy)
    expect(found.exportedLogits).toHaveLength(3)
    for (const [index, logit] of found.exportedLogits.entries()) {
      expect(logit).toBeCloseTo(found.logits[index] as number, 4)
    }
    expect(found.milliseconds).toBeLessThan(5000)
  })
})
