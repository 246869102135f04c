import { fileURLToPath } from 'node:url'
import { lacking, runModulePageSuite, softwareGpu } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'

describe.skipIf(lacking('chromium'))('onnxruntime-web in Chromium', () => {
  it.each(['wasm', 'webgpu'])(
    '%s',
    async (suite) => {
      const results = await runModulePageSuite(
        {
          entry: fileURLToPath(new URL('conformance-page.ts', import.meta.url)),
          folders: {
            '/ort/': fileURLToPath(new URL('../node_modules/onnxruntime-web/dist', import.meta.url)),
          },
          chromiumArguments: softwareGpu,
        },
        suite,
      )
      expect(results.filter(({ error }) => error)).toEqual([])
      expect(results.filter(({ skip }) => !skip).length).toBeGreaterThan(suite === 'wasm' ? 100 : 20)
    },
    900_000,
  )
})
