import { fileURLToPath } from 'node:url'
import { bundleModule, launchChromium, serve } from '@mobileone/testkit'
import type { Browser, Page } from 'playwright-core'
import { expect } from 'vitest'

/** What the pages have in common. */
export interface BackendPage {
  readonly backend: typeof import('./page.ts')
}

/** Chromium and a server of pages with the backend, and of files that may be added. */
export interface BackendPages extends AsyncDisposable {
  readonly browser: Browser
  readonly url: string
  readonly files: Map<string, { type: string; body: string | Uint8Array }>
  /** A page that has loaded the backend. */
  open(path: string): Promise<Page>
}

/** A module beside this one, and all that it imports, from source, as one script. */
function bundle(path: string): Promise<string> {
  return bundleModule({ entry: fileURLToPath(new URL(path, import.meta.url)) })
}

/** Serve `/`, `/strict` and `/trusted`, pages of these policies, and `/abandon.js`, a worker that compiles and gives up. */
export async function openBackendPages(): Promise<BackendPages> {
  const files: BackendPages['files'] = new Map()
  const script =
    '<!doctype html><script type="module">globalThis.backend = await import("/entry.js")</script>'
  const policy = "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; worker-src 'self'"
  files.set('/', { type: 'text/html', body: script })
  files.set('/strict', {
    type: 'text/html',
    body: script.replace('<script', `<meta http-equiv="Content-Security-Policy" content="${policy}"><script`),
  })
  files.set('/trusted', {
    type: 'text/html',
    body: script.replace(
      '<script',
      `<meta http-equiv="Content-Security-Policy" content="require-trusted-types-for 'script'"><script`,
    ),
  })
  files.set('/entry.js', { type: 'text/javascript', body: await bundle('./page.ts') })
  files.set('/abandon.js', {
    type: 'text/javascript',
    body: `import { abandon } from '/entry.js'
      onmessage = async ({ data }) => postMessage(await abandon(data))
      postMessage('ready')`,
  })
  files.set('/worker.mjs', { type: 'text/javascript', body: await bundle('../src/worker.ts') })
  const server = await serve((path) => files.get(path))
  const browser = await launchChromium()
  return {
    browser,
    url: server.url,
    files,
    async open(path) {
      const page = await browser.newPage()
      await page.goto(server.url + path)
      await expect.poll(() => page.evaluate(() => 'backend' in globalThis), { timeout: 20_000 }).toBe(true)
      return page
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
      await server.close()
    },
  }
}

/** Workers that compiled for two threads, or gave up after some milliseconds, and are ended then, end, `cycles` times. */
export async function expectWorkersToEnd(pages: BackendPages, cycles: number): Promise<void> {
  const page = await pages.open('/')
  for (let cycle = 0; cycle < cycles; cycle++) {
    await page.evaluate(
      async (ms) => {
        const worker = new Worker('/abandon.js', { type: 'module' })
        const message = (): Promise<unknown> => new Promise((resolve) => (worker.onmessage = resolve))
        await message()
        worker.postMessage(ms)
        await message()
        worker.terminate()
      },
      cycle % 2 === 0 ? cycle / 2 : 10_000,
    )
  }
  await expect.poll(() => page.workers().length, { timeout: 10_000 }).toBe(0)
  await page.close()
}
