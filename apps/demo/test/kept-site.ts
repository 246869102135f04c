/** The built page from servers that a test starts and stops, and Chromium, which keeps the page for use without them. */
import type { Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import { launchChromium } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import { modelReady } from './open-site.ts'

/** The folder of the built page. */
export const built: string = fileURLToPath(new URL('../dist/site', import.meta.url))

export interface KeptSite extends AsyncDisposable {
  /** Serve from now on; the port, any free one by default. */
  serve(server: Server, port?: number): Promise<number>
  /** End the server. */
  stop(): void
  /** A new page at `address` with its model loaded; errors of the page and of its console are in `problems`. */
  visit(address: string): Promise<{ readonly page: Page; readonly problems: readonly string[] }>
}

export async function openKeptSite(): Promise<KeptSite> {
  const browser = await launchChromium()
  let server: Server | undefined
  const stop = (): void => {
    server?.close()
    server?.closeAllConnections()
  }
  return {
    stop,
    async serve(next, port = 0) {
      server = next
      await new Promise<void>((resolve) => next.listen(port, '127.0.0.1', resolve))
      return (next.address() as { port: number }).port
    },
    async visit(address) {
      const page = await browser.newPage()
      const problems: string[] = []
      page.on('pageerror', (error) => problems.push(String(error)))
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text())
      })
      await page.goto(address)
      await modelReady(page)
      return { page, problems }
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
      stop()
    },
  }
}

/** Wait until the page says that it is kept. */
export async function kept(page: Page): Promise<void> {
  await page.waitForSelector('.foot :text("Works offline too.")', { timeout: 30_000 })
}
