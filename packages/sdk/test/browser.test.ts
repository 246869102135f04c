import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { goldenPath, lacking, launchChromium, readGolden, readGoldenFloat32, serve } from '@mobileone/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClassifier, tensor, wasm } from '../src/index.ts'

/** The bundle this package ships for pages without a bundler; `npm test` builds it first. */
const bundle = fileURLToPath(new URL('../dist/browser', import.meta.url))
const html = `<!doctype html><title>MobileOne</title><script type="module">
  import * as sdk from '/sdk/mobileone.mjs'
  globalThis.sdk = sdk
</script>`
const photograph = 'n01443537_goldfish.JPEG'

describe.skipIf(lacking('chromium', 'golden'))('the SDK as an ES module in Chromium', () => {
  let browser: Browser
  let page: Page
  let server: Awaited<ReturnType<typeof serve>>

  beforeAll(async () => {
    server = await serve((path) => {
      if (path === '/') return { type: 'text/html', body: html }
      if (path === '/s0.pth.tar')
        return { type: 'application/octet-stream', body: readGolden('mobileone_s0_unfused.pth.tar') }
      if (path === '/input.f32')
        return { type: 'application/octet-stream', body: readGolden('s0-input-1x3x224x224.f32') }
      if (path === '/photograph.jpg')
        return { type: 'image/jpeg', body: readGolden('imagenet-sample', photograph) }
      if (path.startsWith('/sdk/'))
        return { type: 'text/javascript', body: readFileSync(join(bundle, path.slice('/sdk/'.length))) }
      return undefined
    })
    browser = await launchChromium()
    page = await browser.newPage()
    await page.goto(server.url)
    await page.waitForFunction('globalThis.sdk')
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  it('folds the unfused S0 and gives the logits and labels of Node', async () => {
    const found = await page.evaluate(async () => {
      const { sdk } = globalThis as unknown as { sdk: typeof import('../src/index.ts') }
      const input = sdk.tensor(
        [1, 3, 224, 224],
        new Float32Array(await (await fetch('/input.f32')).arrayBuffer()),
      )
      const weights = new URL('/s0.pth.tar', location.href)
      const plain = await sdk.createClassifier({
        model: weights,
        cache: false,
        backend: sdk.wasm({ simd: 'plain' }),
      })
      const classifier = await sdk.createClassifier({ model: weights, cache: false })
      const result = {
        plain: [...(await plain.logits(input))],
        logits: [...(await classifier.logits(input))],
        top: await classifier.classify('/photograph.jpg', { topK: 3 }),
        backend: classifier.backend,
        batchNorms: classifier.model.nodes.filter((node) => node.op === 'batchNorm').length,
      }
      await Promise.all([plain.dispose(), classifier.dispose()])
      return result
    })
    expect(found.backend).toBe('wasm')
    expect(found.batchNorms).toBe(0)

    const classifier = await createClassifier({
      model: goldenPath('mobileone_s0_unfused.pth.tar'),
      backend: wasm({ simd: 'plain' }),
    })
    const logits = await classifier.logits(
      tensor([1, 3, 224, 224], readGoldenFloat32('s0-input-1x3x224x224.f32')),
    )
    const top = await classifier.classify(goldenPath('imagenet-sample', photograph), { topK: 3 })
    await classifier.dispose()
    const largest = (values: readonly number[]): number =>
      Math.max(...values.map((value, index) => Math.abs(value - (logits[index] as number))))
    console.log(
      `Chromium against Node: same kernels ${largest(found.plain)}, relaxed against plain ${largest(found.logits)}`,
    )
    expect(largest(found.plain)).toBeLessThan(1e-5)
    expect(largest(found.logits)).toBeLessThan(1e-4)
    expect(found.top.map(({ label }) => label)).toEqual(top.map(({ label }) => label))
  })
})
