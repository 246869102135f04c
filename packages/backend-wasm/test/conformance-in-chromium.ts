import { fileURLToPath } from 'node:url'
import { openModulePage, runPageSuite } from '@mobileone/testkit'
import { expect } from 'vitest'

const entry = fileURLToPath(new URL('conformance-page.ts', import.meta.url))

/** The suite of that name on a page of its own. */
export async function expectConformanceInChromium(suite: string): Promise<void> {
  const { page, close } = await openModulePage({ entry })
  try {
    const results = await runPageSuite(page, suite)
    expect(results.filter(({ error }) => error)).toEqual([])
    expect(results.filter(({ skip }) => !skip).length).toBeGreaterThan(70)
  } finally {
    await close()
  }
}
