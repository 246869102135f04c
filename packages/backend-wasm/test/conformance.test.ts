import { fileURLToPath } from 'node:url'
import { tokenExceptions } from '@mobileone/conformance'
import { describeBackend } from '@mobileone/conformance/vitest'
import { lacking, openModulePage, runPageSuite } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { wasm } from '../src/index.ts'
import { memory } from './memory.ts'

describeBackend('wasm, 1 thread', () => wasm({ threads: 1 }), {
  memory,
  exceptions: tokenExceptions('not written yet'),
})
describeBackend('wasm, 2 threads', () => wasm({ threads: 2 }), {
  memory,
  exceptions: tokenExceptions('not written yet'),
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
