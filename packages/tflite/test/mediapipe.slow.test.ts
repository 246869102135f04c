import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { random, type Tensor, tensor, withCard } from '@mobileone/core'
import { lacking, openModulePage } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { toTflite } from '../src/index.ts'
import { runReference } from './support/compare.ts'
import { deploy, withSmallLogits } from './support/models.ts'

const size = [65, 49] as const
const labels = Array.from({ length: 11 }, (_, index) => `label ${index}, synonym ${index}`)

describe.skipIf(lacking('chromium'))("MediaPipe's image classifier", () => {
  it('takes a file as it is: normalisation in the graph or, alike for all channels, in the metadata, and labels', async () => {
    const preprocess = { size, resize: 70, interpolation: 'bilinear' } as const
    const perChannel = { ...preprocess, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
    const alike = { ...preprocess, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] }
    const model = withSmallLogits(deploy, 1 / 50)
    const files = mkdtempSync(join(tmpdir(), 'mobileone-mediapipe-'))
    const { page, close } = await openModulePage({
      entry: fileURLToPath(new URL('support/mediapipe-page.ts', import.meta.url)),
      folders: {
        '/mediapipe/': fileURLToPath(
          new URL('../node_modules/@mediapipe/tasks-vision/wasm', import.meta.url),
        ),
        '/files/': files,
      },
    })
    try {
      await page.waitForFunction(() => 'classify' in globalThis)
      const source = random(3)
      const [height, width] = size
      const pixels = Array.from({ length: height * width * 4 }, (_, index) =>
        index % 4 === 3 ? 255 : Math.floor(256 * source.next()),
      )
      const classify = (
        file: string,
        bytes: Uint8Array,
      ): Promise<{ label: string; index: number; score: number }[]> => {
        writeFileSync(join(files, file), bytes)
        return page.evaluate(
          ([path, at, data]) =>
            (globalThis as unknown as { classify(...all: unknown[]): Promise<never> }).classify(
              path,
              at,
              data,
            ),
          [`/files/${file}`, [width, height], pixels] as const,
        )
      }
      for (const [file, card, options] of [
        ['graph.tflite', perChannel, { preprocess: true, storage: 'float16' }],
        ['metadata.tflite', alike, {}],
      ] as const) {
        const labelled = withCard(model, { preprocess: card, labels })
        const found = await classify(file, toTflite(labelled, { ...options, softmax: true }))
        const wanted = await probabilities(labelled, pixels, card)
        const order = [...wanted.keys()].sort((a, b) => (wanted[b] as number) - (wanted[a] as number))
        expect(found.map(({ index }) => index)).toEqual(order)
        for (const { index, label, score } of found) {
          expect(label).toBe(labels[index])
          expect(score).toBeCloseTo(wanted[index] as number, 3)
        }
      }
      const refused = classify('each.tflite', toTflite(withCard(model, { preprocess: perChannel, labels })))
      await expect(refused).rejects.toThrow(/Per-channel image normalization/)
    } finally {
      await close()
      rmSync(files, { recursive: true, force: true })
    }
  }, 60_000)
})

/** What the reference makes of RGBA `pixels`, after `softmax`. */
async function probabilities(
  model: typeof deploy,
  pixels: readonly number[],
  { mean, std }: { readonly mean: readonly number[]; readonly std: readonly number[] },
): Promise<Float32Array> {
  const [height, width] = size
  const area = height * width
  const data = Float32Array.from({ length: 3 * area }, (_, index) => {
    const channel = Math.floor(index / area)
    const pixel = pixels[4 * (index % area) + channel] as number
    return (pixel / 255 - (mean[channel] as number)) / (std[channel] as number)
  })
  const [input = ''] = Object.keys(model.inputs)
  const { logits } = await runReference(model, { [input]: tensor([1, 3, height, width], data) })
  const exps = Float32Array.from((logits as Tensor).data, Math.exp)
  const sum = exps.reduce((total, value) => total + value, 0)
  return exps.map((value) => value / sum)
}
