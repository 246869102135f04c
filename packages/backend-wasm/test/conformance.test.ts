import { fileURLToPath } from 'node:url'
import { conformance } from '@mobileone/conformance'
import { lacking, openModulePage, runPageSuite } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { wasm } from '../src/index.ts'
import { memory } from './memory.ts'

describe.each([1, 2])('wasm, %i thread(s)', (threads) => {
  for (const c of conformance(() => wasm({ threads }), { memory })) (c.skip ? it.skip : it)(c.name, c.run)
})

describe.skipIf(lacking('chromium'))('wasm in Chromium', () => {
  const entry = fileURLToPath(new URL('conformance-page.ts', import.meta.url))
  it.each(['plain', 'relaxed, where there is', '2 threads'])(
    '%s',
    async (suite) => {
      const { page, close } = await openModulePage({ entry })
      try {
        const results = await runPageSuite(page, suite)
        expect(results.filter(({ error }) => error)).toEqual([])
        expect(results.filter(({ skip }) => !skip).length).toBeGreaterThan(70)
      } finally {
        await close()
      }
    },
    180_000,
  )
})
