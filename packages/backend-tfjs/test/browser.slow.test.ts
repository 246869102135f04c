import { fileURLToPath } from 'node:url'
import { lacking, runModulePageSuite, softwareGpu } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

describe.skipIf(lacking('chromium'))('tfjs in Chromium', () => {
  it.each(['cpu', 'wasm', 'webgl', 'webgpu'])(
    '%s',
    async (suite) => {
      const results = await runModulePageSuite(
        {
          entry: path('conformance-page.ts'),
          folders: { '/tfjs/': path('../node_modules/@tensorflow/tfjs-backend-wasm/dist') },
          chromiumArguments: [...softwareGpu, '--enable-unsafe-swiftshader'],
        },
        suite,
      )
      expect(results.filter(({ error }) => error)).toEqual([])
      expect(results.filter(({ skip }) => !skip).length).toBeGreaterThan(60)
    },
    300_000,
  )
})
