import { fileURLToPath } from 'node:url'
import { describeBackend } from '@mobileone/conformance/vitest'
import { lacking, openModulePage, runPageSuite, softwareGpu } from '@mobileone/testkit'
import * as native from 'onnxruntime-node'
import * as web from 'onnxruntime-web'
import { describe, expect, it } from 'vitest'
import { ort } from '../src/index.ts'
import { exceptions } from './exceptions.ts'
import { memory } from './memory.ts'

describeBackend(
  'onnxruntime-node, cpu',
  () => ort({ lib: native, executionProviders: ['cpu'], numThreads: 1 }),
  { exceptions: exceptions.cpu, memory },
)

describeBackend(
  'onnxruntime-web, wasm',
  () => ort({ lib: web, executionProviders: ['wasm'], numThreads: 1 }),
  { exceptions: exceptions.wasm, memory },
)

describe.skipIf(lacking('chromium'))('onnxruntime-web in Chromium', () => {
  it.each(['wasm', 'webgpu'])(
    '%s',
    async (suite) => {
      const { page, close } = await openModulePage({
        entry: fileURLToPath(new URL('conformance-page.ts', import.meta.url)),
        folders: { '/ort/': fileURLToPath(new URL('../node_modules/onnxruntime-web/dist', import.meta.url)) },
        chromiumArguments: softwareGpu,
      })
      try {
        const results = await runPageSuite(page, suite)
        expect(results.filter(({ error }) => error)).toEqual([])
        expect(results.filter(({ skip }) => !skip).length).toBeGreaterThan(suite === 'wasm' ? 100 : 20)
      } finally {
        await close()
      }
    },
    900_000,
  )
})
