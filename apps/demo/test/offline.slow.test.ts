import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lacking } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import sirv from 'sirv'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { writeServiceWorker } from '../plugins/service-worker.ts'
import { createSiteServer } from '../src/site-server.ts'
import { built, type KeptSite, kept, openKeptSite } from './kept-site.ts'
import { modelReady } from './open-site.ts'

const boot = fileURLToPath(new URL('../assets/images/0-ankle-boot.png', import.meta.url))
const model = 'models/fashion-mnist.folded.safetensors'

describe.skipIf(lacking('chromium'))('the page, kept', { retry: 1, timeout: 90_000 }, () => {
  let site: KeptSite
  beforeAll(async () => {
    site = await openKeptSite()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())
  afterEach(() => site.stop())

  it('works without its server after the first visit: the model, a picture, every view', async () => {
    const port = await site.serve(createSiteServer(built))
    const { page, problems } = await site.visit(`http://127.0.0.1:${port}/`)
    await kept(page)
    site.stop()

    await page.reload()
    await modelReady(page)
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
    await page.setInputFiles('main input[type="file"]', boot)
    await page.waitForSelector('main :text("Ankle boot")')
    const names = await page.$$eval('.top nav a', (links) =>
      links.map((link) => link.getAttribute('href')?.slice(1)),
    )
    expect(names.length).toBe(5)
    for (const name of [...names, 'nothing', names[0]]) {
      await page.evaluate((hash) => (location.hash = hash), name as string)
      const view = `main[data-view="${name === 'nothing' ? 'unknown' : name}"]`
      await page.waitForSelector(`${view} > :not(h1, .loading)`)
      expect(await page.$(`${view} > .notice.error`), name).toBeNull()
    }
    // Another choice takes other files: threads are workers of their own.
    await page.goto(`http://127.0.0.1:${port}/?threads=2`)
    await modelReady(page)
    expect(problems).toEqual([])
  })

  it('is isolated from its second visit on where the host sends files alone', async () => {
    const files = sirv(built, { etag: true })
    const port = await site.serve(createServer((request, response) => files(request, response)))
    const address = `http://127.0.0.1:${port}/`
    const { page, problems } = await site.visit(address)
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false)
    await kept(page)
    await page.goto(`${address}?threads=2`)
    await modelReady(page)
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
    // Whoever keeps nothing has the policy too: it stands in the page.
    const refused = await page.evaluate(() => fetch('https://example.com/').then(() => 'sent', String))
    expect(refused).toContain('Failed to fetch')
    expect(problems.join()).toContain('Content Security Policy')
    await page.close()
  })

  it('gives way to the next version when the visitor asks for it, and then to all of it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mobileone-site-'))
    try {
      await cp(built, folder, { recursive: true, filter: (path) => !/\.(br|gz)$/.test(path) })
      const port = await site.serve(createSiteServer(built))
      const { page } = await site.visit(`http://127.0.0.1:${port}/`)
      await kept(page)

      // A build that changes the page, the weights and nothing else.
      const html = await readFile(join(folder, 'index.html'), 'utf8')
      await writeFile(join(folder, 'index.html'), html.replace('<body>', '<body data-version="2">'))
      const weights = await readFile(join(folder, model))
      weights[weights.length - 1] = (weights[weights.length - 1] as number) ^ 1
      await writeFile(join(folder, model), weights)
      await writeServiceWorker(folder, (path) => path.startsWith('assets/'))
      site.stop()
      const asked: string[] = []
      const next = createSiteServer(folder)
      next.on('request', (request) => asked.push(request.url ?? ''))
      await site.serve(next, port)

      await page.reload()
      await modelReady(page)
      await page.waitForSelector('.toast', { timeout: 30_000 })
      // Until then everything is of the version before.
      expect(await page.getAttribute('body', 'data-version')).toBeNull()
      expect(await lastByte(page)).toBe((weights.at(-1) as number) ^ 1)
      expect(asked.sort()).toEqual(['/index.html', `/${model}`, '/service-worker.js'])

      await Promise.all([page.waitForEvent('load'), page.click('.toast button')])
      await modelReady(page)
      expect(await page.getAttribute('body', 'data-version')).toBe('2')
      expect(await lastByte(page)).toBe(weights.at(-1))
      expect(await page.$('.toast')).toBeNull()
      const names = await page.evaluate(async () => {
        const [name] = await caches.keys()
        const requests = await (await caches.open(name as string)).keys()
        return requests.map(({ url }) => new URL(url).pathname)
      })
      expect(new Set(names).size, 'one of each file').toBe(names.length)
      await page.close()
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

function lastByte(page: Page): Promise<number> {
  return page.evaluate(async (path) => {
    const response = await fetch(path)
    return new Uint8Array(await response.arrayBuffer()).at(-1) as number
  }, model)
}
