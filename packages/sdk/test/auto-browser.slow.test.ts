import { lacking, softwareGpu } from '@mobileone/testkit'
import { expect, it } from 'vitest'
import type { Chosen } from './auto-page.ts'
import { chooseInPage } from './choose-in-page.ts'

it.skipIf(lacking('chromium'))(
  "backend: 'auto' in Chromium takes the GPU where there is one; the default stays wasm",
  async () => {
    const [auto, usual] = (await chooseInPage(softwareGpu, 'auto', undefined)) as [Chosen, Chosen]
    expect(auto).toMatchObject({ backend: 'webgpu', label: 'Trouser', refusals: [], last: 1 })
    expect(auto.phases).toEqual(expect.arrayContaining(['download', 'compile', 'warm-up', 'ready']))
    expect(usual).toMatchObject({ backend: 'wasm', label: 'Trouser', refusals: [], last: 1 })
    expect(usual.phases.at(-1)).toBe('ready')
  },
)
