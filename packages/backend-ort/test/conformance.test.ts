import { fileURLToPath } from 'node:url'
import { conformance } from '@mobileone/conformance'
import { lacking, openModulePage, runPageSuite, softwareGpu } from '@mobileone/testkit'
import * as native from 'onnxruntime-node'
import * as web from 'onnxruntime-web'
import { describe, expect, it } from 'vitest'
import { ort } from '../src/index.ts'
import { exceptions } from './exceptions.ts'
import { memory } from './memory.ts'

describe.each([
  ['onnxruntime-node', 'cpu', () => ort({ lib: native, executionProviders: ['cpu'], numThreads: 1 })],
  ['onnxruntime-web', 'wasm', () => ort({ lib: web, executionProviders: ['wasm'], numThreads: 1 })],
] as const)('%s, %s', (_, provider, create) => {
  const options = { exceptions: exceptions[provider], memory }
  for (const c of conformance(create, options)) (c.skip ? it.skip : it)(c.name, c.run)
})

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
        expect(results.filter(({ skip }) => !skip).length).toBeGreaterThan(65)
      } finally {
        await close()
      }
    },
    900_000,
  )
})
