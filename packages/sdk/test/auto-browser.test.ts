import { lacking } from '@mobileone/testkit'
import { expect, it } from 'vitest'
import type { Chosen } from './auto-page.ts'
import { chooseInPage } from './choose-in-page.ts'

it.skipIf(lacking('chromium'))(
  "backend: 'auto' in Chromium takes wasm where there is none, and says why",
  async () => {
    const [auto] = (await chooseInPage(['--disable-features=WebGPU,WebGPUService'], 'auto')) as [Chosen]
    expect(auto).toMatchObject({ backend: 'wasm', label: 'Trouser', last: 1 })
    expect(auto.refusals).toEqual([expect.stringMatching(/^webgpu: /)])
    console.log(auto.refusals[0])
  },
)
