import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { launchChromium } from '@mobileone/testkit'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

/** The built page, served as `npm start` serves it, and a browser. */
export interface Site extends AsyncDisposable {
  readonly url: string
  readonly browser: Browser
  /**
   * A page of its own profile at `path`, such as `?model=s0#teach`; what it reports as an error is in `problems`. It keeps nothing for
   * offline use unless `serviceWorkers` is `allow`.
   */
  open(path?: string, options?: BrowserContextOptions & { permissions?: string[] }): Promise<SitePage>
}

export interface SitePage {
  readonly page: Page
  /** Uncaught errors, console errors (a refused policy is one) and addresses of other origins that were asked for. */
  readonly problems: string[]
  close(): Promise<void>
}

/** Start `dist/serve.mjs` at a free port, and Chromium with `browserArguments`. */
export async function openSite(browserArguments: readonly string[] = []): Promise<Site> {
  const server = spawn(
    process.execPath,
    [fileURLToPath(new URL('../dist/serve.mjs', import.meta.url)), '--port', '0'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const url = await firstLine(server)
  const browser = await launchChromium(browserArguments)
  return {
    url,
    browser,
    async open(path = '', options = {}) {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 800 },
        serviceWorkers: 'block',
        ...options,
      })
      const page = await context.newPage()
      const problems: string[] = []
      page.on('pageerror', (error) => problems.push(String(error)))
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text())
      })
      context.on('request', (request) => {
        const address = request.url()
        if (!address.startsWith(url) && !/^(blob|data):/.test(address)) problems.push(`request: ${address}`)
      })
      await page.goto(`${url}/${path}`)
      return { page, problems, close: () => context.close() }
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
      server.kill()
    },
  }
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

const folder = new URL('../screenshots/', import.meta.url)
/** Set to draw the pictures of the page anew: `MOBILEONE_SCREENSHOTS=1 npx vitest run apps/demo`. */
const wanted = Boolean(process.env.MOBILEONE_SCREENSHOTS)

/**
 * `screenshots/<name>-<width>-<theme>.png` at 390 and 1280 wide, light and dark, of the page as it is now; of what is seen alone without
 * `fullPage`, which is for dialogs.
 */
export async function takeScreenshots(
  page: Page,
  name: string,
  { fullPage = true, before = async () => {} }: { fullPage?: boolean; before?: () => Promise<unknown> } = {},
): Promise<void> {
  if (!wanted) return
  await mkdir(folder, { recursive: true })
  for (const [width, height] of [
    [390, 844],
    [1280, 800],
  ] as const) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height })
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await before()
      await page.waitForTimeout(100)
      const path = fileURLToPath(new URL(`${name}-${width}-${colorScheme}.png`, folder))
      await page.screenshot({ path, fullPage })
    }
  }
}
