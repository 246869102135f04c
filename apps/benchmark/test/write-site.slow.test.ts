import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { openServedSite } from '@mobileone/site-kit/testing'
import { lacking, serve } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeSite } from '../src/write-site.ts'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
}

describe.skipIf(lacking('chromium'))('the site as files', { retry: 1, timeout: 120_000 }, () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mobileone-bench-site-'))
    await writeSite(folder)
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('measures from a folder of a server that knows nothing of it', async () => {
    const { url, close } = await serve(async (path) => {
      const name = path.replace(/^\/bench\//, '') || 'index.html'
      const body = await readFile(join(folder, name)).catch(() => undefined)
      return body && { type: types[extname(name)] ?? 'application/octet-stream', body }
    })
    await using site = await openServedSite(`${url}/bench`, close)
    const { page, problems } = await site.open(
      '?size=32&rounds=2&threads=1,2&contenders=mobileone-wasm,ort-wasm,tfjs-wasm,litert-wasm',
    )
    await page.click('.run-panel button')
    await page.waitForSelector('[data-status="done"], [data-status="failed"]', { timeout: 90_000 })
    expect(await page.$$eval('.strip', (all) => all.length), (await page.textContent('main')) ?? '').toBe(8)
    expect(problems.filter((text) => !/^(INFO|WARNING): /.test(text))).toEqual([])
  })
})
