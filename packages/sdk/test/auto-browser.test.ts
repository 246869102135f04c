import { fileURLToPath } from 'node:url'
import { lacking, openModulePage, softwareGpu } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import type { Chosen } from './auto-page.ts'

describe.skipIf(lacking('chromium'))("backend: 'auto' in Chromium", () => {
  const choose = async (
    chromiumArguments: readonly string[],
    ...backends: ('auto' | undefined)[]
  ): Promise<Chosen[]> => {
    const opened = await openModulePage({
      entry: fileURLToPath(new URL('./auto-page.ts', import.meta.url)),
      folders: { '/assets/': fileURLToPath(new URL('../../../apps/demo/assets', import.meta.url)) },
      chromiumArguments,
    })
    try {
      await opened.page.waitForFunction('globalThis.choose')
      const found: Chosen[] = []
      for (const backend of backends) {
        found.push(await opened.page.evaluate(`choose(${JSON.stringify(backend)})`))
      }
      return found
    } finally {
      await opened.close()
    }
  }

  it('takes the GPU where there is one; the default stays wasm', async () => {
    const [auto, usual] = (await choose(softwareGpu, 'auto', undefined)) as [Chosen, Chosen]
    expect(auto).toMatchObject({ backend: 'webgpu', label: 'Trouser', refusals: [], last: 1 })
    expect(auto.phases).toEqual(expect.arrayContaining(['download', 'compile', 'warm-up', 'ready']))
    expect(usual).toMatchObject({ backend: 'wasm', label: 'Trouser', refusals: [], last: 1 })
    expect(usual.phases.at(-1)).toBe('ready')
  })

  it('takes wasm where there is none, and says why', async () => {
    const [auto] = (await choose(['--disable-features=WebGPU,WebGPUService'], 'auto')) as [Chosen]
    expect(auto).toMatchObject({ backend: 'wasm', label: 'Trouser', last: 1 })
    expect(auto.refusals).toEqual([expect.stringMatching(/^webgpu: /)])
    console.log(auto.refusals[0])
  })
})
