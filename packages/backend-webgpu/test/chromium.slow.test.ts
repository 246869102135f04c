import { fileURLToPath } from 'node:url'
import { goldenPath, lacking, openModulePage, runPageSuite, softwareGpu } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

describe.skipIf(lacking('chromium'))('webgpu in Chromium', () => {
  let opened: Awaited<ReturnType<typeof openModulePage>>
  beforeAll(async () => {
    const entry = fileURLToPath(new URL('conformance-page.ts', import.meta.url))
    opened = await openModulePage({
      entry,
      chromiumArguments: softwareGpu,
      folders: { '/golden/': goldenPath() },
    })
  })
  afterAll(() => opened?.close())

  it('conforms', async () => {
    const results = await runPageSuite(opened.page, 'one device')
    expect(results.filter(({ error }) => error)).toEqual([])
    expect(results.filter(({ skip }) => !skip).length).toBeGreaterThan(70)
  }, 600_000)

  it('makes and destroys devices of its own', async () => {
    const results = await runPageSuite(opened.page, 'own devices')
    expect(results.filter(({ error }) => error)).toEqual([])
    expect(results.length).toBeGreaterThan(2)
  }, 300_000)

  it.skipIf(lacking('golden'))(
    'gives PyTorch’s logits of the real S0',
    async () => {
      expect(await runPageSuite(opened.page, 'the real S0')).toEqual([{ name: 'stored outputs: S0' }])
    },
    300_000,
  )
})
