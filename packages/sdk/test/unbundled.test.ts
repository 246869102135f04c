import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { lacking, launchChromium, serve } from '@mobileone/testkit'
import type { Browser } from 'playwright-core'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** What the package ships for use without a bundler; `npm test` builds it first. */
const single = new URL('../dist/single/mobileone.js', import.meta.url)
const kernels = createRequire(import.meta.url).resolve('@mobileone/backend-wasm/plain.wasm')
const weights = new URL('../../../apps/demo/assets/fashion-mnist.safetensors', import.meta.url)
const picture = new URL('../../../apps/demo/assets/images/2-trouser.png', import.meta.url)

const worker = `
import { createClassifier } from '/mobileone.js'
addEventListener('install', () => skipWaiting())
addEventListener('activate', (event) => event.waitUntil(clients.claim()))
addEventListener('fetch', (event) => {
  if (new URL(event.request.url).pathname === '/tell') event.respondWith(tell())
})
async function tell() {
  try {
    const classifier = await createClassifier({ model: new URL('/weights.safetensors', location.href), verify: true })
    const top = await classifier.classify(new URL('/picture.png', location.href), { topK: 1 })
    return Response.json({ backend: classifier.backend, top })
  } catch (error) {
    return Response.json({ message: String(error) })
  }
}`
const html = `<!doctype html><title>MobileOne</title><script type="module">
  await navigator.serviceWorker.register('/worker.js', { type: 'module' })
  await navigator.serviceWorker.ready
  if (!navigator.serviceWorker.controller) {
    await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }))
  }
  globalThis.ready = true
</script>`

describe('the SDK as one file', () => {
  it('imports nothing', () => {
    expect(ts.preProcessFile(readFileSync(single, 'utf8')).importedFiles).toEqual([])
  })
})

const policy = "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'"
const threadsHtml = `<!doctype html><title>MobileOne</title>
<meta http-equiv="Content-Security-Policy" content="${policy}">
<script type="module">
  import { createClassifier, wasm } from '/browser/mobileone.mjs'
  globalThis.tell = async (options) => {
    const kernels = new URL('/plain.wasm', location.href)
    const backend = wasm({ threads: 2, simd: 'plain', wasm: kernels, ...options })
    const classifier = await createClassifier({ model: new URL('/weights.safetensors', location.href), backend })
    const top = await classifier.classify('/picture.png', { topK: 1 })
    await classifier.dispose()
    return top
  }
</script>`

describe.skipIf(lacking('chromium'))('the SDK without a bundler, in Chromium', () => {
  let browser: Browser
  let server: Awaited<ReturnType<typeof serve>>
  beforeAll(async () => {
    const script = 'text/javascript'
    server = await serve((path) => {
      if (path === '/') return { type: 'text/html', body: html }
      if (path === '/threads') return { type: 'text/html', body: threadsHtml }
      if (path.startsWith('/browser/'))
        return { type: script, body: readFileSync(new URL(`..${path}`, single)) }
      if (path === '/plain.wasm') return { type: 'application/wasm', body: readFileSync(kernels) }
      if (path === '/worker.js') return { type: script, body: worker }
      if (path === '/mobileone.js') return { type: script, body: readFileSync(single) }
      if (path === '/weights.safetensors')
        return { type: 'application/octet-stream', body: readFileSync(weights) }
      if (path === '/picture.png') return { type: 'image/png', body: readFileSync(picture) }
      return undefined
    })
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  it('has the kernels and the worker of threads as files, for a strict Content-Security-Policy', async () => {
    const page = await browser.newPage()
    await page.goto(`${server.url}/threads`)
    await page.waitForFunction('globalThis.tell')
    const tell = (options: object): Promise<unknown> =>
      page.evaluate(
        (given) => (globalThis as unknown as { tell(options: object): Promise<unknown> }).tell(given),
        options,
      )
    expect(await tell({ worker: '/browser/wasm-worker.mjs' })).toMatchObject([{ label: 'Trouser' }])
    await expect(tell({})).rejects.toThrow(/worker/)
  })

  it('classifies a picture in a module service worker, from one file', async () => {
    const page = await browser.newPage()
    await page.goto(server.url)
    await page.waitForFunction('globalThis.ready')
    const answer = await page.evaluate(async () => (await fetch('/tell')).json())
    expect(answer).toMatchObject({ backend: 'wasm', top: [{ label: 'Trouser' }] })
  })
})
