import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type BrowserName,
  type EnginePage,
  goldenFolder,
  lacking,
  openEnginePage,
  readGoldenFloat32,
} from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClassifier, reference, tensor } from '../src/index.ts'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const assets = path('../../../apps/demo/assets')
const shape = [1, 1, 28, 28]

/** Numbers of every size that pictures have after normalising, the same each time. */
function sampleInput(): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: 28 * 28 }, (_, index) => Math.sin(index * index) * 2)
}

function largestDifference(found: readonly number[], want: ArrayLike<number>): number {
  expect(found.length).toBe(want.length)
  return Math.max(...found.map((value, index) => Math.abs(value - (want[index] as number))))
}

function runs(engine: BrowserName): void {
  let page: EnginePage
  let inputs: string
  beforeAll(async () => {
    inputs = mkdtempSync(join(tmpdir(), 'mobileone-engines-'))
    writeFileSync(join(inputs, 'sample.f32'), sampleInput())
    page = await openEnginePage(engine, {
      entry: path('engines-page.ts'),
      folders: {
        '/sdk/': path('../dist/browser'),
        '/assets/': assets,
        '/inputs/': inputs,
        '/golden/': goldenFolder,
      },
    })
  })
  afterAll(async () => {
    await page?.close()
    rmSync(inputs, { recursive: true, force: true })
  })

  it('gives the logits of the reference', async () => {
    const found = await page.call<number[]>(
      'logits',
      '/assets/fashion-mnist.safetensors',
      '/inputs/sample.f32',
      shape,
    )
    const classifier = await createClassifier({
      model: join(assets, 'fashion-mnist.safetensors'),
      backend: reference(),
    })
    const want = await classifier.logits(tensor(shape, sampleInput()))
    await classifier.dispose()
    expect(largestDifference(found, want)).toBeLessThan(1e-4)
  })

  it('names what a picture shows', async () => {
    expect(await page.call('best', '/assets/fashion-mnist.safetensors', '/assets/images/2-trouser.png')).toBe(
      'Trouser',
    )
  })

  it.skipIf(lacking('golden'))('folds the unfused S0 and gives the logits of PyTorch', async () => {
    const found = await page.call<number[]>(
      'logits',
      '/golden/mobileone_s0_unfused.pth.tar',
      '/golden/s0-input-1x3x224x224.f32',
      [1, 3, 224, 224],
    )
    expect(largestDifference(found, readGoldenFloat32('s0-logits-1000.f32'))).toBeLessThan(1e-4)
  })
}

describe.skipIf(lacking('firefox'))('the bundle for pages in Firefox', () => runs('firefox'))
describe.skipIf(lacking('webkit'))('the bundle for pages in WebKitGTK', () => runs('webkit'))
