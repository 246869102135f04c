import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lacking, launchChromium, serve } from '@mobileone/testkit'
import * as esbuild from 'esbuild'
import type { Browser } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import webpack from 'webpack'

const assets = new URL('../../../apps/demo/assets/', import.meta.url)
const shipped = new URL('../dist/browser/', import.meta.url)

const entry = `import { createWorkerClassifier } from '@mobileone/sdk/worker'
globalThis.tell = async (base) => {
  const classifier = await createWorkerClassifier({ model: new URL('/weights.safetensors', base) })
  const [top] = await classifier.classify(new URL('/picture.png', base))
  await classifier.dispose()
  return top.label
}`
const page =
  '<!doctype html><title>MobileOne</title><link rel="icon" href="data:,"><script type="module" src="./entry.js"></script>'

/** What a server sends that allows nothing but its own files. */
const strict = { 'Content-Security-Policy': "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'" }

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
}

/** Each leaves a page in `to`, made of index.html and entry.js in `from`. */
const bundlers: Readonly<Record<string, (from: string, to: string) => Promise<void>>> = {
  async vite(from, to) {
    await build({ root: from, base: './', configFile: false, logLevel: 'error', build: { outDir: to } })
  },
  async webpack(from, to) {
    const config: webpack.Configuration = {
      mode: 'production',
      context: from,
      entry: './entry.js',
      output: { path: to, filename: 'entry.js' },
      performance: { hints: false },
      // Slow, and no question here.
      optimization: { minimize: false },
    }
    const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) => {
      webpack(config, (error, result) => (error ? reject(error) : resolve(result)))
    })
    const { errors, warnings } = stats?.toJson({ all: false, errors: true, warnings: true }) ?? {}
    expect([errors, warnings]).toEqual([[], []])
    await copyFile(join(from, 'index.html'), join(to, 'index.html'))
  },
  // It does not follow the address of a worker: the file is copied beside the bundle.
  async esbuild(from, to) {
    const { warnings } = await esbuild.build({
      entryPoints: [join(from, 'entry.js')],
      bundle: true,
      format: 'esm',
      minify: true,
      outdir: to,
      logLevel: 'silent',
    })
    expect(warnings).toEqual([])
    await copyFile(new URL('classifier-worker.mjs', shipped), join(to, 'classifier-worker.mjs'))
    await copyFile(join(from, 'index.html'), join(to, 'index.html'))
  },
}

describe.skipIf(lacking('chromium'))('the worker after a bundler, in Chromium', () => {
  let browser: Browser
  let scratch: string
  let server: Awaited<ReturnType<typeof serve>>

  beforeAll(async () => {
    browser = await launchChromium()
    // Within the package, so that its own name is found as by an app that installed it.
    scratch = await mkdtemp(fileURLToPath(new URL('.bundled-', import.meta.url)))
    await writeFile(join(scratch, 'entry.js'), entry)
    await writeFile(join(scratch, 'index.html'), page)
    server = await serve(async (path) => {
      if (path === '/weights.safetensors') {
        return {
          type: 'application/octet-stream',
          body: await readFile(new URL('fashion-mnist.safetensors', assets)),
        }
      }
      if (path === '/picture.png') {
        return { type: 'image/png', body: await readFile(new URL('images/2-trouser.png', assets)) }
      }
      const file = join(scratch, path)
      const body = await readFile(file).catch(() => undefined)
      return body && { type: types[extname(file)] ?? 'application/octet-stream', body, headers: strict }
    })
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    if (scratch) await rm(scratch, { recursive: true, force: true })
  })

  async function labelOn(address: string): Promise<unknown> {
    const tab = await browser.newPage()
    try {
      await tab.goto(address)
      return await tab.evaluate(
        (base) => (globalThis as unknown as { tell(base: string): Promise<string> }).tell(base),
        server.url,
      )
    } finally {
      await tab.close()
    }
  }

  it.each(Object.keys(bundlers))(
    'runs on a page of %s, under a strict Content-Security-Policy',
    async (name) => {
      const folder = join(scratch, name)
      await mkdir(folder)
      await bundlers[name]?.(scratch, folder)
      expect(await labelOn(`${server.url}/${name}/index.html`)).toBe('Trouser')
    },
  )
})
