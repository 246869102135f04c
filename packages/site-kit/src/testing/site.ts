/** How end-to-end tests open the pages of an app. */
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { launchChromium } from '@mobileone/testkit'
import type { AxeResults } from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

/** A served app, and a browser. */
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

/** Chromium with `browserArguments` over what is served at `url`; `stop` ends the server. */
export async function openServedSite(
  url: string,
  stop: () => unknown,
  browserArguments: readonly string[] = [],
): Promise<Site> {
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
      await stop()
    },
  }
}

/** What axe finds on the page as it is, one line for each element. */
export async function violations(page: Page): Promise<string[]> {
  const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(source)
  const { violations: found } = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } }
    return axe.run()
  })
  return found.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(' ')}: ${failureSummary}`),
  )
}

/** Set to draw the pictures of the pages anew: `MOBILEONE_SCREENSHOTS=1 npx vitest run apps/demo`. */
const wanted = Boolean(process.env.MOBILEONE_SCREENSHOTS)

/**
 * `<folder>/<name>-<width>-<theme>.png` at 390 and 1280 wide, light and dark, of the page as it is now; of what is seen alone without
 * `fullPage`, which is for dialogs.
 */
export async function takeScreenshotsTo(
  folder: URL,
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
      const { default: sharp } = await import('sharp')
      const taken = sharp(await page.screenshot({ fullPage }))
      // The pages have few colours.
      await taken.png({ palette: true, colours: 64, dither: 0, compressionLevel: 9 }).toFile(path)
    }
  }
}

/**
 * Fails where `png`, the window of an engine, shows no more than an empty page; kept as `<folder>/<name>.png` with
 * `MOBILEONE_SCREENSHOTS`. Engines that draw nothing give none, which is no failure.
 */
export async function checkScreenshot(folder: URL, name: string, png: Uint8Array | undefined): Promise<void> {
  if (!png) return
  const { default: sharp } = await import('sharp')
  const { entropy } = await sharp(png).stats()
  if (entropy < 0.5)
    throw new Error(`${name} is a blank window: the entropy of its pixels is ${entropy} bits`)
  if (!wanted) return
  await mkdir(folder, { recursive: true })
  await sharp(png)
    .png({ palette: true, colours: 64, dither: 0, compressionLevel: 9 })
    .toFile(fileURLToPath(new URL(`${name}.png`, folder)))
}
