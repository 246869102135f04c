import type { Page } from 'playwright-core'
import { type ModulePageOptions, openModulePage } from './page.ts'

/** A case of a conformance suite that ran in a page. */
export interface PageCaseResult {
  readonly name: string
  readonly skip?: string
  readonly error?: string
}

/**
 * Run the suite `name` of a page whose module has set `globalThis.suites` (suite name to a function that runs it) and
 * return how its cases went.
 */
export async function runPageSuite(page: Page, name: string): Promise<readonly PageCaseResult[]> {
  await page.waitForFunction(() => 'suites' in globalThis)
  return page.evaluate((suite) => {
    const { suites } = globalThis as unknown as {
      suites: Readonly<Record<string, () => Promise<readonly PageCaseResult[]>>>
    }
    const run = suites[suite]
    if (!run) throw new Error(`the page has no suite "${suite}"`)
    return run()
  }, name)
}

/** {@link runPageSuite} on a page that is opened for it, and closed. */
export async function runModulePageSuite(
  options: ModulePageOptions,
  name: string,
): Promise<readonly PageCaseResult[]> {
  const { page, close } = await openModulePage(options)
  try {
    return await runPageSuite(page, name)
  } finally {
    await close()
  }
}
