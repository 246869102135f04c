import { type Framing, type Preprocess, tensor } from '@mobileone/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cut } from '../src/image.ts'
import {
  classify,
  classifyEach,
  embed,
  type Image,
  type ImageModel,
  type Interpolation,
  normalize,
  type PreprocessOptions,
  preprocess,
  resizeAndFrame,
  toGrey,
  toRgb,
} from '../src/index.ts'
import { beforeTurn, turn } from '../src/turn.ts'
import { fixtures, fromBase64, readJson } from './support/files.ts'
import { pattern } from './support/pattern.ts'

interface FramingFixture {
  readonly seed: number
  readonly channels: 1 | 3
  readonly from: readonly [width: number, height: number]
  readonly size: readonly [height: number, width: number]
  readonly resize: number
  readonly framing: Framing
  readonly filter: Interpolation
  readonly pixels: string
}
const { cases } = readJson<{ cases: FramingFixture[] }>(new URL('framing.json', fixtures))

const statistics = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
const rule: Preprocess = { size: [12, 16], resize: 17, interpolation: 'bilinear', ...statistics }

describe('bit for bit as Pillow and torchvision', () => {
  for (const { seed, channels, from, size, resize, framing, filter, pixels } of cases) {
    const grey = channels === 1 && { mean: [statistics.mean[0]!], std: [1] }
    const given: Preprocess = { size, resize, interpolation: filter, ...statistics, ...grey }
    const words = Object.entries(framing).map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    test(`${filter}, ${channels} channels, ${from.join('x')}, ${words.join(', ') || 'the rule alone'}`, async () => {
      const image = pattern('noise', ...from, channels, seed)
      const result = resizeAndFrame(image, given, framing)
      expect([result.height, result.width, result.channels]).toEqual([...size, channels])
      expect([...result.data]).toEqual([...fromBase64(pixels)])
      expect(await preprocess(image, given, framing)).toEqual(normalize(result, given))
    })
  }
  test('every option is covered', () => {
    const given = new Set(cases.flatMap(({ framing }) => Object.keys(framing)))
    expect(given).toEqual(new Set(['region', 'rotate', 'flip', 'fit']))
  })
})

const framing: fc.Arbitrary<Framing> = fc.record({
  region: fc.record({
    x: fc.integer({ min: 0, max: 9 }),
    y: fc.integer({ min: 0, max: 9 }),
    width: fc.integer({ min: 1, max: 20 }),
    height: fc.integer({ min: 1, max: 20 }),
  }),
  rotate: fc.constantFrom(0, 90, 180, 270),
  flip: fc.boolean(),
  fit: fc.constantFrom('crop', 'stretch', 'letterbox'),
})

describe('properties', () => {
  test('what is read of a picture is all that its input depends on', async () => {
    const channels = fc.constantFrom(1 as const, 3 as const)
    await fc.assert(
      fc.asyncProperty(framing, channels, channels, fc.nat(), async (given, depth, planes, seed) => {
        const image = pattern('noise', 30, 29, depth, seed)
        const mean = statistics.mean.slice(0, planes)
        const asked = { ...rule, mean, std: statistics.std.slice(0, planes) }
        const converted = planes === 1 ? toGrey(image) : toRgb(image)
        const expected = normalize(resizeAndFrame(converted, asked, given), asked)
        expect((await preprocess(image, asked, given)).data).toEqual(expected.data)
      }),
      { numRuns: 100 },
    )
  })

  test('turning a window is turning the image and cutting the window out', () => {
    const image = pattern('noise', 11, 7, 3, 4)
    fc.assert(
      fc.property(framing, ({ rotate = 0, flip = false }) => {
        const turned = turn(image, { rotate, flip })
        const window = { left: 1, top: 2, width: 4, height: 3 }
        const before = beforeTurn(window, image.width, image.height, { rotate, flip })
        expect(turn(cut(image, before), { rotate, flip })).toEqual(cut(turned, window))
      }),
    )
  })

  test('four quarter turns and two mirrorings change nothing', () => {
    const image = pattern('noise', 5, 3, 3, 1)
    const quarter = (each: Image): Image => turn(each, { rotate: 90, flip: false })
    expect(quarter(quarter(quarter(quarter(image)))).data).toEqual(image.data)
    expect(quarter(image).data).toEqual(
      turn(turn(image, { rotate: 90, flip: true }), { rotate: 0, flip: true }).data,
    )
    expect(turn(image, { rotate: 180, flip: false })).toEqual(quarter(quarter(image)))
    expect(turn(image, { rotate: 270, flip: false })).toEqual(quarter(quarter(quarter(image))))
  })
})

describe('refused', () => {
  const image = pattern('noise', 20, 10, 3, 1)
  const region = { x: 0, y: 0, width: 4, height: 4 }
  const wrong: readonly [PreprocessOptions, string, RegExp][] = [
    [{ rotate: 45 as never }, 'invalid-argument', /^rotate must be 0, 90, 180 or 270, not 45/],
    [{ region: null as never }, 'invalid-argument', /^region must be \{ x, y, width, height \}.*not null/],
    [{ flip: 'vertical' as never }, 'invalid-argument', /^flip must be true or false/],
    [
      { fit: 'cover' as never },
      'invalid-argument',
      /^fit must be 'crop', 'stretch' or 'letterbox', not "cover"/,
    ],
    [{ resample: 'nearest' as never }, 'invalid-argument', /^resample must be 'exact' or 'fast'/],
    [{ region: { ...region, width: 0 } }, 'invalid-argument', /^region must be .* above 0/],
    [{ region: { ...region, x: Number.NaN } }, 'invalid-argument', /^region must be/],
    [{ region: { ...region, x: 17 } }, 'invalid-input', /the region 4x4 at \(17, 0\) is not inside .* 20x10/],
    [{ region: { ...region, y: -1 } }, 'invalid-input', /is not inside/],
    [{ region: { ...region, width: 0.3 } }, 'invalid-input', /holds no pixel/],
  ]
  test.each(wrong)('%j', async (options, code, message) => {
    await expect(preprocess(image, rule, options)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })

  test('a region outside of one picture stops none of the others', async () => {
    const output = tensor([2, 2], Float32Array.of(1, 2, 4, 3))
    const executor: ImageModel = {
      inputs: { x: { dtype: 'float32', shape: [2, 3, 12, 16] } },
      outputs: { y: { dtype: 'float32', shape: [2, 2] } },
      run: async () => ({ y: output }),
    }
    const images = [pattern('noise', 3, 3, 3, 1), image]
    const options = { preprocess: rule, region }
    const results = []
    for await (const { ok, error, value } of classifyEach(executor, images, options))
      results.push(ok ? value[0]?.index : error.code)
    expect(results).toEqual(['invalid-input', 0])
    await expect(classify(executor, image, { ...options, fit: 'cover' as never })).rejects.toThrow(/^fit/)
    await expect(embed(executor, image, { ...options, rotate: 1 as never })).rejects.toThrow(/^rotate/)
  })
})
