import { existsSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { bundleModule, launchChromium } from '@mobileone/testkit'
import type { Browser, Page } from 'playwright-core'
import { fixtures, photographs } from './files.ts'

/** The package as a browser's bundler sees it: one ES module. */
export function bundleForBrowser(): Promise<string> {
  return bundleModule({ entry: fileURLToPath(new URL('../../src/index.ts', import.meta.url)) })
}

export interface OpenPage {
  readonly page: Page
  readonly code: string
  /** A page whose policy forbids WebAssembly. */
  readonly strict: string
  /** Another origin with the same files. */
  readonly elsewhere: string
  close(): Promise<void>
}

/** A page in a real browser with the package as `window.vision`, served with the fixtures from two origins. */
export async function openPage(): Promise<OpenPage> {
  const code = await bundleForBrowser()
  const here = await serve(code)
  const elsewhere = await serve(code)
  const browser: Browser = await launchChromium(['--autoplay-policy=no-user-gesture-required'])
  const page = await browser.newPage()
  await page.goto(originOf(here))
  await page.waitForFunction('globalThis.vision !== undefined')
  return {
    page,
    code,
    strict: `${originOf(here)}/strict`,
    elsewhere: originOf(elsewhere),
    async close() {
      await browser.close()
      for (const server of [here, elsewhere]) {
        server.closeAllConnections()
        server.close()
      }
    },
  }
}

const script = `import * as vision from '/vision.js'
globalThis.vision = vision
`
const html = `<!doctype html><title>vision</title><body><script type="module">
${script}</script>`

const worker = `import { decode } from '/vision.js'
onmessage = async ({ data }) => {
  const { width, height, data: pixels } = await decode(data)
  postMessage({ width, height, pixels: [...pixels] })
}`

async function serve(code: string): Promise<Server> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/')
    const send = (type: string, body: string | Uint8Array): void => {
      response.writeHead(200, { 'content-type': type }).end(body)
    }
    if (path === '/') return send('text/html', html)
    if (path === '/strict') {
      response.setHeader('content-security-policy', "script-src 'self'")
      return send('text/html', '<!doctype html><script type="module" src="/strict.js"></script>')
    }
    if (path === '/strict.js') return send('text/javascript', script)
    if (path === '/vision.js') return send('text/javascript', code)
    if (path === '/worker.js') return send('text/javascript', worker)
    const [, folder, name = ''] = /^\/(images|photographs)\/([\w.'-]+)$/.exec(path) ?? []
    const file = new URL(name, folder === 'photographs' ? photographs : new URL('images/', fixtures))
    if (folder && existsSync(file)) return send('application/octet-stream', readFileSync(file))
    response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
