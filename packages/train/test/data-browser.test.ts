import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lacking, launchChromium, serve } from '@mobileone/testkit'
import { build } from 'vite'
import { describe, expect, test } from 'vitest'

interface PageGlobals {
  compare(): Promise<{ inline: number[][]; addresses: number[][]; blobs: number[][] }>
  failOn(address: string): Promise<string>
}

const types: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.mjs': 'text/javascript' }

/** The page as an application's bundler makes it, the worker in a file of its own. */
async function bundle(outDir: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'error',
    base: './',
    resolve: { conditions: ['source', 'browser', 'import', 'module', 'default'] },
    worker: { format: 'es' },
    build: {
      outDir,
      emptyOutDir: true,
      minify: false,
      rolldownOptions: {
        input: fileURLToPath(new URL('data-page.ts', import.meta.url)),
        external: ['@tensorflow/tfjs-core'],
        output: { entryFileNames: 'entry.mjs' },
      },
    },
  })
}

describe.skipIf(lacking('chromium'))('workers in Chromium', () => {
  test('make the batches the page makes, and name what they cannot decode', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mobileone-page-'))
    await bundle(folder)
    const images = fileURLToPath(new URL('../../vision/test/fixtures/images', import.meta.url))
    const server = await serve((path) => {
      if (path === '/') {
        return { type: 'text/html', body: '<!doctype html><script type="module" src="entry.mjs"></script>' }
      }
      const file = path.startsWith('/images/')
        ? join(images, normalize(path.slice(7)))
        : join(folder, normalize(path))
      try {
        return { type: types[extname(file)] ?? 'application/octet-stream', body: readFileSync(file) }
      } catch {
        return undefined
      }
    })
    const browser = await launchChromium()
    try {
      const page = await browser.newPage()
      let workers = 0
      page.on('worker', () => workers++)
      await page.goto(server.url)
      await page.waitForFunction(() => 'compare' in globalThis)
      const { inline, addresses, blobs } = await page.evaluate(() =>
        (globalThis as unknown as PageGlobals).compare(),
      )
      expect(inline.map(({ length }) => length / (16 * 20 * 3))).toEqual([2, 2, 1])
      expect(new Set(inline.flat()).size).toBeGreaterThan(50)
      expect(addresses).toEqual(inline)
      expect(blobs).toEqual(inline)
      const error = await page.evaluate(() =>
        (globalThis as unknown as PageGlobals).failOn('images/absent.png'),
      )
      expect(workers).toBe(4)
      expect(error).toMatch(/^network: .*absent\.png.* answered 404/)
    } finally {
      await browser.close()
      await server.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
