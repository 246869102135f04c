import type { Browser, Page } from 'playwright-core'

/** `work` on a page at `url` that has set `globalThis[ready]`, in a context of its own, which is a process with nothing cached. */
export async function inFreshPage<T>(
  browser: Browser,
  url: string,
  ready: string,
  work: (page: Page) => Promise<T>,
): Promise<T> {
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    await page.goto(url)
    await page.waitForFunction(`globalThis.${ready}`)
    return await work(page)
  } finally {
    await context.close()
  }
}
