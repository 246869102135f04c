import { lacking } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type * as Vision from '../src/index.ts'
import { decodeFixtures, fromBase64, photographFixtures } from './support/files.ts'
import { type OpenPage, openPage } from './support/page.ts'
import { photographsUnlikePillow } from './support/photographs-in-page.ts'

declare global {
  var vision: typeof Vision
}

interface Decoded {
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly pixels: number[]
}

describe.skipIf(lacking('chromium'))('Chromium', () => {
  let opened: OpenPage
  beforeAll(async () => {
    opened = await openPage()
  })
  afterAll(() => opened?.close())

  const decodeBlob = (name: string, orientation: 'apply' | 'ignore'): Promise<Decoded> =>
    opened.page.evaluate(
      async ([path, orientation]) => {
        const blob = await (await fetch(`/images/${path}`)).blob()
        const { width, height, channels, data } = await globalThis.vision.decode(blob, { orientation })
        return { width, height, channels, pixels: [...data] }
      },
      [name, orientation] as const,
    )

  test('the bundle holds nothing of Node', () => {
    expect(opened.code).not.toMatch(/['"]sharp['"]|node:|\bprocess\.|\bimport\b/)
  })

  describe("the pixels of Pillow's open().convert('RGB'), as in Node", () => {
    // Chromium converts CMYK with a rounding of its own and does not read TIFF.
    const tolerance: Record<string, number> = { 'cmyk.jpg': 1 }
    for (const [name, fixture] of Object.entries(decodeFixtures).filter(([name]) => !name.endsWith('.tif'))) {
      test(name, async () => {
        for (const orientation of ['apply', 'ignore'] as const) {
          const expected = (orientation === 'apply' && fixture.upright) || fixture
          const image = await decodeBlob(name, orientation)
          expect([image.width, image.height, image.channels], orientation).toEqual([...expected.size, 3])
          const pixels = fromBase64(expected.pixels)
          const worst = image.pixels.reduce(
            (most, value, i) => Math.max(most, Math.abs(value - pixels[i]!)),
            0,
          )
          expect(worst, orientation).toBeLessThanOrEqual(tolerance[name] ?? 0)
        }
      })
    }
  })

  for (const name of ['chroma-420.jpg', 'rgb.png', 'profile.jpg']) {
    test(`${name} from every kind of source`, async () => {
      const results = await opened.page.evaluate(async (name) => {
        const address = `/images/${name}`
        const blob = await (await fetch(address)).blob()
        const stored = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' } as const
        const bitmap = await createImageBitmap(blob, stored)
        const { width, height } = bitmap
        const element = Object.assign(new Image(), { src: address })
        const canvas = Object.assign(document.createElement('canvas'), { width, height })
        const context = canvas.getContext('2d')!
        context.drawImage(bitmap, 0, 0)
        const offscreen = new OffscreenCanvas(width, height)
        offscreen.getContext('2d')!.drawImage(bitmap, 0, 0)
        const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
        const svgImage = document.createElementNS('http://www.w3.org/2000/svg', 'image')
        svg.append(svgImage)
        document.body.append(svg)
        await new Promise((resolve, reject) => {
          svgImage.onload = resolve
          svgImage.onerror = reject
          svgImage.setAttribute('href', address)
        })
        const frame = document.createElement('iframe')
        document.body.append(frame)
        const foreign = frame.contentDocument!.createElement('canvas')
        Object.assign(foreign, { width, height }).getContext('2d')!.drawImage(bitmap, 0, 0)

        const sources: Record<string, Vision.ImageSource> = {
          string: address,
          URL: new URL(address, location.href),
          'data: string': await new Promise<string>((resolve) => {
            const reader = new FileReader()
            reader.onload = () => resolve(reader.result as string)
            reader.readAsDataURL(blob)
          }),
          'blob: string': URL.createObjectURL(blob),
          Blob: blob,
          File: new File([blob], name),
          Response: await fetch(address),
          ArrayBuffer: await blob.arrayBuffer(),
          Uint8Array: new Uint8Array(await blob.arrayBuffer()),
          HTMLImageElement: element,
          SVGImageElement: svgImage,
          HTMLCanvasElement: canvas,
          'HTMLCanvasElement of another frame': foreign,
          OffscreenCanvas: offscreen,
          ImageData: context.getImageData(0, 0, width, height),
          VideoFrame: new VideoFrame(bitmap, { timestamp: 0 }),
          ImageBitmap: bitmap,
        }
        const results: Record<string, number[]> = {}
        for (const [kind, source] of Object.entries(sources)) {
          const image = await globalThis.vision.decode(source).catch((error: Error) => {
            throw new Error(`${kind}: ${error.message}`)
          })
          results[kind] = [image.width, image.height, image.channels, ...image.data]
        }
        return results
      }, name)
      const { size, pixels } = decodeFixtures[name]!
      expect(Object.keys(results)).toHaveLength(17)
      for (const [kind, result] of Object.entries(results)) {
        expect(result, kind).toEqual([...size, 3, ...fromBase64(pixels)])
      }
    })
  }

  test('SVG: refused as bytes, drawn where asked for, and as an element', async () => {
    const found = await opened.page.evaluate(async () => {
      const svg =
        '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="1"><rect width="2" height="1" fill="#f00"/></svg>'
      const blob = new Blob([svg], { type: 'image/svg+xml' })
      const src = URL.createObjectURL(blob)
      const element = Object.assign(new Image(), { src })
      const { decode } = globalThis.vision
      const refused = await decode(src).catch((error: { code: string; message: string }) => error)
      const asked = await decode(blob, { svg: true })
      const shown = await decode(element)
      return {
        refused: 'code' in refused ? `${refused.code}: ${refused.message}` : 'decoded',
        asked: [asked.width, asked.height, ...asked.data],
        shown: [shown.width, shown.height, ...shown.data],
      }
    })
    expect(found.refused).toMatch(/^invalid-file: blob:.*an SVG.*svg: true/)
    expect(found.asked).toEqual([2, 1, 255, 0, 0, 255, 0, 0])
    expect(found.shown).toEqual(found.asked)
  })

  test('a playing video', async () => {
    const [width, height, ...colour] = await opened.page.evaluate(async () => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 48 })
      const context = canvas.getContext('2d')!
      const video = Object.assign(document.createElement('video'), {
        muted: true,
        srcObject: canvas.captureStream(30),
      })
      const draw = (): void => {
        context.fillStyle = 'rgb(200, 100, 50)'
        context.fillRect(0, 0, 64, 48)
      }
      const timer = setInterval(draw, 20)
      await video.play()
      clearInterval(timer)
      const image = await globalThis.vision.decode(video)
      const centre = (24 * 64 + 32) * 3
      return [image.width, image.height, ...image.data.slice(centre, centre + 3)]
    })
    expect([width, height]).toEqual([64, 48])
    for (const [i, value] of [200, 100, 50].entries())
      expect(Math.abs(colour[i]! - value)).toBeLessThanOrEqual(4)
  })

  test('in a worker', async () => {
    const { size, pixels } = decodeFixtures['rgba.png']!
    const result = await opened.page.evaluate(async () => {
      const worker = new Worker('/worker.js', { type: 'module' })
      const blob = await (await fetch('/images/rgba.png')).blob()
      return new Promise<{ width: number; height: number; pixels: number[] }>((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data)
        worker.onerror = ({ message }) => reject(new Error(message))
        worker.postMessage(blob)
      }).finally(() => worker.terminate())
    })
    expect(result).toEqual({ width: size[0], height: size[1], pixels: [...fromBase64(pixels)] })
  })

  test('bad input is named with the reason', async () => {
    const messages = await opened.page.evaluate(async (elsewhere) => {
      const load = async (element: HTMLImageElement): Promise<HTMLImageElement> => {
        await element.decode().catch(() => {})
        return element
      }
      const jpeg = await (await fetch('/images/rgb.jpg')).blob()
      const foreign = await load(Object.assign(new Image(), { src: `${elsewhere}/images/rgb.png` }))
      const broken = await load(Object.assign(new Image(), { src: '/images/absent.png' }))
      const upright = await load(Object.assign(new Image(), { src: '/images/orientation-6.jpg' }))
      const closed = await createImageBitmap(jpeg)
      closed.close()
      const attempts: [Vision.ImageSource, Vision.DecodeOptions?][] = [
        [new File([jpeg.slice(0, 500)], 'cut.jpg')],
        [new File([], 'empty.jpg')],
        [new File(['words'], 'notes.txt')],
        ['/images/absent.png'],
        ['/'],
        [`${elsewhere}/images/rgb.png`],
        [foreign],
        [broken],
        [upright, { orientation: 'ignore' }],
        [document.createElement('video')],
        [closed],
        [jpeg, { maxPixels: 100 }],
        [upright, { maxPixels: 100 }],
        [document.body as never],
        ['/images/rgb.png', { signal: AbortSignal.abort() }],
      ]
      const messages: string[] = []
      for (const [source, options] of attempts) {
        const message = await globalThis.vision.decode(source, options).then(
          () => 'decoded',
          (error) => `${error.code}: ${error.message}`,
        )
        messages.push(message)
      }
      return messages
    }, opened.elsewhere)
    const expected = [
      /^invalid-file: cut\.jpg cannot be decoded: this JPEG file is cut short or damaged/,
      /^invalid-file: empty\.jpg cannot be decoded: it is empty/,
      /^invalid-file: notes\.txt cannot be decoded: it is not an image/,
      /^network: \/images\/absent\.png: the server answered 404/,
      /^invalid-file: \/ is an HTML page/,
      /^network: .*CORS/,
      /^invalid-input: .* comes from another origin.*crossorigin/,
      /^invalid-file: .*absent\.png cannot be decoded: the element has loaded no image/,
      /^unsupported: .*orientation-6\.jpg: browsers turn an <img> upright/,
      /^invalid-input: the HTMLVideoElement: the video has no frame yet; wait for its loadeddata event/,
      /^invalid-input: the ImageBitmap has no pixels/,
      /^invalid-input: the Blob has 24x17 pixels, more than the 100 allowed/,
      /^invalid-input: .*orientation-6\.jpg has 17x24 pixels, more than the 100 allowed/,
      /^invalid-input: the HTMLBodyElement is no image source/,
      /^aborted: decoding \/images\/rgb\.png/,
    ]
    expect(messages).toHaveLength(expected.length)
    for (const [i, message] of messages.entries()) expect(message).toMatch(expected[i]!)
  })

  test.skipIf(lacking('golden'))('photographs: decoded and cropped bit for bit as Pillow', async () => {
    const names = Object.keys(photographFixtures.photographs).filter((_, index) => index % 25 === 0)
    expect(names).toHaveLength(10)
    expect(await photographsUnlikePillow(opened.page, names)).toEqual([])
  })
})
