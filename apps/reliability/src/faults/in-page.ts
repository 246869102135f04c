import { join } from 'node:path'
import { openModulePage, softwareGpu } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import { appFolder, root } from '../paths.ts'
import type { FaultsPage } from './page.ts'

/** Call a function of the page of faults in a Chromium of its own, while `meanwhile` does what is done to it from outside. */
export async function inPage(
  name: keyof FaultsPage,
  meanwhile: (page: Page) => Promise<void> = async () => {},
): Promise<string> {
  const { page, close } = await openModulePage({
    entry: join(appFolder, 'src/faults/page.ts'),
    folders: { '/sdk/': join(root, 'packages/sdk/dist/browser') },
    chromiumArguments: softwareGpu,
  })
  try {
    await page.waitForFunction(() => 'faults' in globalThis)
    const result = page.evaluate(
      (given) => (globalThis as unknown as { readonly faults: FaultsPage }).faults[given](),
      name,
    )
    result.catch(() => {})
    await meanwhile(page)
    return await result
  } finally {
    await close()
  }
}
