import { lacking, type Photograph } from '@mobileone/testkit'
import { beforeAll, describe, expect, it } from 'vitest'
import { wasm } from '../src/index.ts'
import { loadPreprocessed, wrongOnS0 } from './s0-photographs.ts'

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
})
