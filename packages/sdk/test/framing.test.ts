import { resizeAndFrame } from '@mobileone/vision'
import { describe, expect, test } from 'vitest'
import { createClassifier, type Framing, type Image, isMobileOneError } from '../src/index.ts'
import { tinyModel } from './tiny-model.ts'

const classifier = await createClassifier({ model: tinyModel, backend: 'wasm', decoder: false })

/** Red on the left, blue on the right, green below both. */
const picture: Image = {
  width: 40,
  height: 30,
  channels: 3,
  data: Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % 40, Math.floor(i / 120), i % 3]
    const colour = y >= 20 ? 1 : x < 20 ? 0 : 2
    return c === colour ? 255 : 0
  }),
}
const framings: readonly Framing[] = [
  { region: { x: 0, y: 0, width: 20, height: 20 } },
  { region: { x: 4, y: 8, width: 30, height: 22 }, rotate: 90 },
  { flip: true, fit: 'stretch' },
  { fit: 'letterbox', rotate: 270 },
]

describe('a classifier frames pictures', () => {
  test.each(framings)('%j', async (framing) => {
    // A picture of the input's size that the rule leaves alone.
    const rule = { ...classifier.preprocess, resize: 8 }
    const framed = resizeAndFrame(picture, { ...rule, resize: classifier.preprocess.resize }, framing)
    const plain = await createClassifier({
      model: tinyModel,
      backend: 'wasm',
      decoder: false,
      preprocess: rule,
    })
    const options = { ...framing, topK: 3 }
    const expected = await plain.classify(framed, { topK: 3 })
    expect(await classifier.classify(picture, options)).toEqual(expected)
    expect(await classifier.logits(picture, framing)).toEqual(await plain.logits(framed))
    expect(await classifier.embed(picture, framing)).toEqual(await plain.embed(framed))
    for await (const { value } of classifier.classifyEach([picture], options)) expect(value).toEqual(expected)
  })

  test('a region alone decides the class', async () => {
    const best = async (x: number, y: number): Promise<number | undefined> =>
      (await classifier.classify(picture, { region: { x, y, width: 10, height: 10 } }))[0]?.index
    expect([await best(0, 0), await best(30, 0), await best(10, 20)]).toEqual([0, 2, 1])
  })

  test('refuses what it cannot do, by name', async () => {
    const code = (run: Promise<unknown>): Promise<unknown> =>
      run.catch((error: unknown) => isMobileOneError(error) && error.code)
    expect(await code(classifier.classify(picture, { fit: 'cover' as never }))).toBe('invalid-argument')
    expect(await code(classifier.embed(picture, { resample: 'quick' as never }))).toBe('invalid-argument')
    const region = { x: 35, y: 0, width: 10, height: 10 }
    expect(await code(classifier.logits(picture, { region }))).toBe('invalid-input')
  })
})
