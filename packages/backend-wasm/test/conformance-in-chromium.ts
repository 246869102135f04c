import { fileURLToPath } from 'node:url'
import { runModulePageSuite } from '@mobileone/testkit'
import { expect } from 'vitest'

const entry = fileURLToPath(new URL('conformance-page.ts', import.meta.url))

/** The suite of that name on a page of its own, in a Chromium with these arguments. */
export async function expectConformanceInChromium(
  suite: string,
  chromiumArguments: readonly string[] = [],
): Promise<void> {
  const results = await runModulePageSuite({ entry, chromiumArguments }, suite)
  expect(results.filter(({ error }) => error)).toEqual([])
  expect(results.filter(({ skip }) => !skip).length).toBeGreaterThan(70)
}
