import { fileURLToPath } from 'node:url'
import { openModulePage } from '@mobileone/testkit'
import type { Chosen } from './auto-page.ts'

/** What a classifier made with each of `backends` in one page comes to. */
export async function chooseInPage(
  chromiumArguments: readonly string[],
  ...backends: ('auto' | undefined)[]
): Promise<Chosen[]> {
  const opened = await openModulePage({
    entry: fileURLToPath(new URL('./auto-page.ts', import.meta.url)),
    folders: { '/assets/': fileURLToPath(new URL('../../../apps/demo/assets', import.meta.url)) },
    chromiumArguments,
  })
  try {
    await opened.page.waitForFunction('globalThis.choose')
    const found: Chosen[] = []
    for (const backend of backends) {
      found.push(await opened.page.evaluate(`choose(${JSON.stringify(backend)})`))
    }
    return found
  } finally {
    await opened.close()
  }
}
