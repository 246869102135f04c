import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openServedSite, type Site, takeScreenshotsTo } from '@mobileone/site-kit/testing'
import type { Page } from 'playwright-core'

export type { Site, SitePage } from '@mobileone/site-kit/testing'

/** The built page, served as `npm start` serves it: `dist/serve.mjs` at a free port. */
export async function serveSite(): Promise<{ readonly url: string; close(): void }> {
  const server = spawn(
    process.execPath,
    [fileURLToPath(new URL('../dist/serve.mjs', import.meta.url)), '--port', '0'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  return { url: await firstLine(server), close: () => server.kill() }
}

/** The served page, and Chromium with `browserArguments`. */
export async function openSite(browserArguments: readonly string[] = []): Promise<Site> {
  const { url, close } = await serveSite()
  return openServedSite(url, close, browserArguments)
}

async function firstLine(server: ChildProcess): Promise<string> {
  const lines = createInterface({ input: server.stdout! })
  const [line] = await Promise.race([
    once(lines, 'line'),
    once(server, 'exit').then(() => Promise.reject(new Error('the server ended before it listened'))),
  ])
  return line as string
}

/** Wait until the model of the choice can classify; the text of the error where it cannot. */
export async function modelReady(page: Page): Promise<void> {
  await page.waitForSelector('[data-engine="ready"], [data-engine="error"]', {
    state: 'attached',
    timeout: 60_000,
  })
  const failure = await page.$('[data-engine="error"]')
  if (failure) throw new Error((await failure.textContent()) ?? 'the model could not be loaded')
}

/** `screenshots/<name>-<width>-<theme>.png` of the page as it is now: see `takeScreenshotsTo`. */
export function takeScreenshots(
  page: Page,
  name: string,
  options?: Parameters<typeof takeScreenshotsTo>[3],
): Promise<void> {
  return takeScreenshotsTo(new URL('../screenshots/', import.meta.url), page, name, options)
}
