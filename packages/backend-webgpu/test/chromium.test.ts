import { fileURLToPath } from 'node:url'
import { hasChromium, openModulePage, runPageSuite } from '@mobileone/testkit'
import { expect, it } from 'vitest'

/** WebGPU without a GPU: Chromium's software adapter. */
const chromiumArguments = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']

it.skipIf(!hasChromium)(
  'webgpu conforms in Chromium',
  async () => {
    const entry = fileURLToPath(new URL('conformance-page.ts', import.meta.url))
    const { page, close } = await openModulePage({ entry, chromiumArguments })
    try {
      const results = await runPageSuite(page, 'webgpu')
      expect(results.filter(({ error }) => error)).toEqual([])
      expect(results.filter(({ skip }) => !skip).length).toBeGreaterThan(70)
    } finally {
      await close()
    }
  },
  600_000,
)
