import { fileURLToPath } from 'node:url'
import { conformance } from '@mobileone/conformance'
import { hasChromium, openModulePage, runPageSuite } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { wasm } from '../src/index.ts'
import { memory } from './memory.ts'

describe.each([1, 2])('wasm, %i thread(s)', (threads) => {
  for (const c of conformance(() => wasm({ threads }), { memory })) (c.skip ? it.skip : it)(c.name, c.run)
})

describe.skipIf(!hasChromium)('wasm in Chromium', () => {
  let opened: Awaited<ReturnType<typeof openModulePage>>
  beforeAll(async () => {
    opened = await openModulePage({ entry: fileURLToPath(new URL('conformance-page.ts', import.meta.url)) })
  })
  afterAll(() => opened?.close())

  it.each(['plain', 'relaxed, where there is', '2 threads'])(
    '%s',
    async (suite) => {
      const results = await runPageSuite(opened.page, suite)
      expect(results.filter(({ error }) => error)).toEqual([])
      expect(results.filter(({ skip }) => !skip).length).toBeGreaterThan(70)
    },
    300_000,
  )
})
