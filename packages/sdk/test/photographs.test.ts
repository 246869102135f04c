import { checkInPage, lacking, type Photograph, wrongChecks } from '@mobileone/testkit'
import { beforeAll, describe, expect, it } from 'vitest'
import { wasm } from '../src/index.ts'
import { loadPreprocessed, openPhotographsPage, wrongOnS0 } from './s0-photographs.ts'

describe.skipIf(lacking('golden'))('the real S0 on photographs', () => {
  let photographs: readonly Photograph[]
  beforeAll(async () => {
    photographs = await loadPreprocessed(5)
  })

  it.each([
    ['wasm', wasm],
    ['wasm, 2 threads', () => wasm({ threads: 2 })],
  ] as const)('%s in Node', async (_, create) => {
    expect(await wrongOnS0(create(), photographs)).toEqual([])
  })

  it.skipIf(lacking('chromium'))('wasm in Chromium, on one', async () => {
    const opened = await openPhotographsPage()
    try {
      const checked = await checkInPage(
        opened.page,
        'wasm, relaxed SIMD where there is',
        photographs.slice(0, 1),
      )
      expect(wrongChecks(checked)).toEqual([])
    } finally {
      await opened.close()
    }
  })
})
