import type { Framing, Preprocess } from '@mobileone/core'
import { lacking } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenPage, openPage } from './support/page.ts'

const rule: Preprocess = {
  size: [48, 56],
  resize: 60,
  interpolation: 'bilinear',
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
}
const framings: readonly Framing[] = [
  {},
  { rotate: 90 },
  { rotate: 270, flip: true },
  { region: { x: 20, y: 10, width: 100, height: 70 } },
  { region: { x: 20, y: 10, width: 100, height: 70 }, rotate: 180, fit: 'letterbox' },
  { fit: 'stretch', flip: true },
  { fit: 'letterbox', rotate: 90 },
]

interface Compared {
  /** Values of `exact` other than those of the decoded pixels in JavaScript. */
  readonly different: number
  /** Mean and largest distance of `fast` from them, in steps of 255. */
  readonly mean: number
  readonly worst: number
}

/** Every kind of source in the page, made of one smooth picture with some noise. */
function compare(page: Page, options: Framing): Promise<Record<string, Compared>> {
  return page.evaluate(
    async ([rule, options]) => {
      const { vision } = globalThis
      const [width, height] = [173, 121]
      const image = new ImageData(width, height)
      for (let i = 0; i < width * height; i++) {
        const [x, y] = [i % width, Math.floor(i / width)]
        const wave = (a: number, b: number): number =>
          120 + 100 * Math.sin(x / a + y / b) + ((x * 7 + y * 3) % 9)
        image.data.set([wave(9, 14), wave(15, -11), wave(-12, 19), 255], 4 * i)
      }
      const canvas = Object.assign(document.createElement('canvas'), { width, height })
      canvas.getContext('2d')!.putImageData(image, 0, 0)
      const offscreen = new OffscreenCanvas(width, height)
      offscreen.getContext('2d')!.putImageData(image, 0, 0)
      const blob = await offscreen.convertToBlob()
      const element = Object.assign(new Image(), { src: URL.createObjectURL(blob) })
      await element.decode()
      const bitmap = await createImageBitmap(blob)
      const sources = { pixels: image, canvas, offscreen, blob, element, bitmap }
      const { data } = vision.resizeAndFrame(vision.toRgb(vision.checkPixels(image)), rule, options)
      const { data: wanted } = vision.normalize({ width: 56, height: 48, channels: 3, data }, rule)
      const results: Record<string, Compared> = {}
      for (const [name, source] of Object.entries(sources)) {
        const [exact, fast] = [
          await vision.preprocess(source, rule, options),
          await vision.preprocess(source, rule, { ...options, resample: 'fast' }),
        ]
        const steps = fast.data.map((value, i) => Math.abs(value - wanted[i]!) * 255 * 0.225)
        results[name] = {
          different: exact.data.filter((value, i) => value !== wanted[i]).length,
          mean: steps.reduce((sum, step) => sum + step, 0) / steps.length,
          worst: Math.max(...steps),
        }
      }
      return results
    },
    [rule, options] as const,
  )
}

describe.skipIf(lacking('chromium'))('preprocessing in Chromium', () => {
  let opened: OpenPage
  beforeAll(async () => {
    opened = await openPage()
  })
  afterAll(() => opened?.close())

  test.each(framings)('of every source, exactly and fast: %j', async (options) => {
    const results = await compare(opened.page, options)
    expect(Object.keys(results)).toHaveLength(6)
    for (const [name, { different, mean, worst }] of Object.entries(results)) {
      expect(different, name).toBe(0)
      if (name === 'pixels') expect([mean, worst]).toEqual([0, 0])
      expect(mean, name).toBeLessThan(4)
      expect(worst, name).toBeLessThan(40)
    }
  })

  test('the same bits where the policy of the page forbids WebAssembly', async () => {
    const page = await opened.page.context().browser()!.newPage()
    await page.goto(opened.strict)
    await page.waitForFunction('globalThis.vision !== undefined')
    const isForbidden = await page.evaluate(() =>
      WebAssembly.compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)).then(
        () => false,
        () => true,
      ),
    )
    expect(isForbidden).toBe(true)
    for (const { different } of Object.values(await compare(page, { rotate: 90 }))) expect(different).toBe(0)
    await page.close()
  })

  test('frames of one size after the other, and pictures without opaque pixels', async () => {
    const found = await opened.page.evaluate(async (rule) => {
      const { vision } = globalThis
      const values: number[] = []
      for (const [width, height, colour] of [
        [64, 48, '#ff0000'],
        [64, 48, '#00ff0080'],
        [48, 64, '#0000ff'],
        [64, 48, '#00000000'],
      ] as const) {
        const canvas = new OffscreenCanvas(width, height)
        const context = canvas.getContext('2d')!
        context.fillStyle = colour
        context.fillRect(0, 0, width, height)
        for (const resample of ['exact', 'fast'] as const) {
          const plain = { ...rule, mean: [0, 0, 0], std: [1, 1, 1] }
          const { data } = await vision.preprocess(canvas, plain, { resample })
          const plane = data.length / 3
          values.push(...[0, 1, 2].map((c) => data[c * plane + 1000]!))
        }
      }
      return values
    }, rule)
    const colours = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
      [0, 0, 0],
    ]
    expect(found).toEqual(colours.flatMap((colour) => [...colour, ...colour]))
  })
})
