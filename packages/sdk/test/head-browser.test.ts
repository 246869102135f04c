import { fileURLToPath } from 'node:url'
import { lacking, openModulePage } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PageResult } from './head-page.ts'

describe.skipIf(lacking('chromium'))('heads in Chromium', () => {
  let opened: Awaited<ReturnType<typeof openModulePage>>
  beforeAll(async () => {
    opened = await openModulePage({
      entry: fileURLToPath(new URL('./head-page.ts', import.meta.url)),
      folders: { '/assets/': fileURLToPath(new URL('../../../apps/demo/assets', import.meta.url)) },
    })
  })
  afterAll(async () => {
    await opened?.close()
  })

  it('are fitted as examples come, saved, sent to another thread, and run on the network at hand', async () => {
    await opened.page.waitForFunction('globalThis.run')
    const found = (await opened.page.evaluate('globalThis.run()')) as PageResult
    console.log(`Chromium, heads: ${JSON.stringify(found)}`)
    expect(found.classes.at(-1)).toEqual(['ring', 'stripes', 'star'])
    expect(found.accuracy).toBeGreaterThan(0.85)
    expect(found.agreement).toBe(1)
    expect(found.bytes).toBeLessThan(6000)
  })
})
