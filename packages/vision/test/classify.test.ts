import { createExecutor, type Executor, type Preprocess, spec, tensor } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { type ClassifyOptions, classify, cosineSimilarity, embed, type Image, predict } from '../src/index.ts'

const rule: Preprocess = {
  size: [2, 2],
  resize: 2,
  interpolation: 'bilinear',
  mean: [0, 0, 0],
  std: [1, 1, 1],
}
const labels = ['red', 'green', 'blue']

const plain = (...colour: [number, number, number]): Image => ({
  width: 2,
  height: 2,
  channels: 3,
  data: new Uint8Array([...colour, ...colour, ...colour, ...colour]),
})
const red = plain(255, 10, 0)
const green = plain(0, 255, 10)
const blue = plain(10, 0, 255)

/** A model whose logits are ten times the means of the three colours, and which notes the runs it is asked for. */
function colours(
  batch: number,
  outputs: Record<string, readonly number[]> = { logits: [batch, 3] },
): Executor & { readonly runs: number } {
  let runs = 0
  const executor = createExecutor({
    backend: 'colours',
    inputs: { image: spec([batch, 3, 2, 2]) },
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, shape]) => [name, spec(shape)])),
    memoryBytes: 0,
    steps: [],
    execute({ image }) {
      runs++
      const means = new Float32Array(batch * 3)
      for (let i = 0; i < means.length; i++) {
        for (let pixel = 0; pixel < 4; pixel++) means[i] = means[i]! + image!.data[4 * i + pixel]! * 2.5
      }
      return Object.fromEntries(
        Object.entries(outputs).map(([name, shape]) => [name, tensor(shape, means.slice())]),
      )
    },
    free() {},
  })
  return Object.defineProperty(executor, 'runs', { get: () => runs }) as Executor & { readonly runs: number }
}

describe('classify', () => {
  test('one image gives predictions, best first', async () => {
    const result = await classify(colours(1), green, { preprocess: rule, labels })
    expect(result.map(({ index, label }) => [index, label])).toEqual([
      [1, 'green'],
      [2, 'blue'],
      [0, 'red'],
    ])
    expect(result.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 6)
    expect(result[0]!.score).toBeGreaterThan(0.99)
  })

  test('a list gives a list in its order, also of one and of none', async () => {
    const executor = colours(1)
    const options = { preprocess: rule, labels, topK: 1 }
    const result = await classify(executor, [blue, red, green], options)
    expect(result.map(([best]) => best?.label)).toEqual(['blue', 'red', 'green'])
    expect(executor.runs).toBe(3)
    expect((await classify(executor, [red], options)).map(([best]) => best?.label)).toEqual(['red'])
    expect(await classify(executor, [], options)).toEqual([])
  })

  test('an executor of batch n runs chunks of n, the last one filled up', async () => {
    for (const [batch, runs] of [
      [1, 7],
      [2, 4],
      [3, 3],
      [7, 1],
      [16, 1],
    ] as const) {
      const executor = colours(batch)
      const images = [red, green, blue, blue, green, red, green]
      const result = await classify(executor, images, { preprocess: rule, labels, topK: 1 })
      expect(result.map(([best]) => best?.label)).toEqual([
        'red',
        'green',
        'blue',
        'blue',
        'green',
        'red',
        'green',
      ])
      expect(executor.runs).toBe(runs)
    }
  })

  test('topK, threshold, activation and missing labels', async () => {
    const executor = colours(1)
    expect(await classify(executor, red, { preprocess: rule, topK: 2 })).toHaveLength(2)
    expect((await classify(executor, red, { preprocess: rule, topK: Number.POSITIVE_INFINITY })).length).toBe(
      3,
    )
    expect((await classify(executor, red, { preprocess: rule, threshold: 0.5 })).map((p) => p.label)).toEqual(
      ['class 0'],
    )
    const raw = await classify(executor, red, { preprocess: rule, activation: 'none' })
    expect(raw.map(({ score }) => Math.round(score * 100) / 100)).toEqual([10, 0.39, 0])
    const many = await classify(executor, red, { preprocess: rule, activation: 'sigmoid' })
    expect(many[2]!.score).toBe(0.5)
  })

  test('several outputs: logits by itself, another by name', async () => {
    const both = colours(1, { embedding: [1, 3], logits: [1, 3] })
    expect((await classify(both, blue, { preprocess: rule, labels }))[0]!.label).toBe('blue')
    const other = colours(1, { a: [1, 3], b: [1, 3] })
    await expect(classify(other, blue, { preprocess: rule })).rejects.toThrow(
      /choose with the option output one of a, b/,
    )
    expect((await classify(other, blue, { preprocess: rule, output: 'b' }))[0]!.index).toBe(2)
    await expect(classify(other, blue, { preprocess: rule, output: 'c' })).rejects.toThrow(/no output "c"/)
  })

  test('what does not fit is refused with the remedy', async () => {
    const executor = colours(1)
    await expect(classify(executor, red, { preprocess: { ...rule, size: [3, 3] } })).rejects.toThrow(
      /input "image" is 1x3x2x2, but the preprocessing gives Nx3x3x3; compile/,
    )
    await expect(classify(executor, red, { preprocess: rule, labels: ['a'] })).rejects.toThrow(
      /1 labels for 3 classes/,
    )
    await expect(classify(executor, red, { preprocess: rule, topK: 0 })).rejects.toThrow(/positive integer/)
    await expect(classify(executor, [red, 'absent.png'], { preprocess: rule })).rejects.toThrow(
      /image 1 \(absent\.png\) does not exist/,
    )
    await expect(classify(colours(1, { features: [1, 3, 2, 2] }), red, { preprocess: rule })).rejects.toThrow(
      /is 1x3x2x2, a feature map/,
    )
    expect(() => predict([1], { activation: 'relu' as never })).toThrow(/'softmax', 'sigmoid' or 'none'/)
    expect(() => predict([1], { threshold: Number.NaN })).toThrow(/threshold/)
  })

  test('allow and deny choose classes by label or index; the scores stay those of all classes', async () => {
    const all = await classify(colours(1), green, { preprocess: rule, labels, topK: 3 })
    const score = (label: string) => all.find((each) => each.label === label)!.score
    const found = async (more: Partial<ClassifyOptions>) =>
      (await classify(colours(1), green, { preprocess: rule, labels, ...more })).map((p) => [
        p.index,
        p.score,
      ])
    expect(await found({ allow: ['red', 2] })).toEqual([
      [2, score('blue')],
      [0, score('red')],
    ])
    expect(await found({ deny: ['green'], topK: 1 })).toEqual([[2, score('blue')]])
    expect(await found({ allow: ['red', 'green'], deny: [1] })).toEqual([[0, score('red')]])
    expect(await found({ allow: [] })).toEqual([])
    expect(await found({ deny: [0, 1, 2] })).toEqual([])
  })

  test('a label that several classes bear means all of them', () => {
    const crane = { labels: ['crane', 'cat', 'crane'] }
    expect(predict([3, 2, 1], { ...crane, allow: ['crane'] }).map(({ index }) => index)).toEqual([0, 2])
    expect(predict([3, 2, 1], { ...crane, deny: ['crane'] }).map(({ index }) => index)).toEqual([1])
  })

  test.each([
    [{ labels, allow: ['Red'] }, /^allow: there is no class "Red"; .*indices from 0 to 2/],
    [{ labels, deny: ['red', 3] }, /^deny: there is no class 3/],
    [{ labels, deny: [-1] }, /there is no class -1/],
    [{ labels, allow: [0.5] }, /there is no class 0.5/],
    [{ labels, allow: ['0'] }, /there is no class "0"/],
    [{ labels, allow: [null as never] }, /there is no class null/],
    [{ allow: ['red'] }, /\(there are none here\)/],
  ])('a class that does not exist %#', (options, message) => {
    expect(() => predict([1, 2, 3], options)).toThrow(message)
    expect(() => predict([1, 2, 3], options)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  test('an abort stops between images', async () => {
    const executor = colours(1)
    const controller = new AbortController()
    const images = Array.from({ length: 50 }, () => red)
    const run = executor.run
    executor.run = (inputs, options) => {
      if (executor.runs === 3) controller.abort(new Error('enough'))
      return run.call(executor, inputs, options)
    }
    await expect(
      classify(executor, images, { preprocess: rule, signal: controller.signal }),
    ).rejects.toMatchObject({
      code: 'aborted',
    })
    expect(executor.runs).toBeLessThan(6)
  })
})

describe('embed', () => {
  test('one or many, each with its own memory', async () => {
    const executor = colours(2)
    const one = await embed(executor, red, { preprocess: rule })
    expect([...one].map((value) => Math.round(value * 100) / 100)).toEqual([10, 0.39, 0])
    const many = await embed(executor, [red, green, blue], { preprocess: rule })
    expect(many).toHaveLength(3)
    expect(new Set(many.map(({ buffer }) => buffer)).size).toBe(3)
    expect(many.every(({ buffer }) => buffer.byteLength === 12)).toBe(true)
    expect(cosineSimilarity(many[0]!, one)).toBeCloseTo(1, 6)
    expect(cosineSimilarity(many[1]!, one)).toBeLessThan(0.1)
  })

  test('pooled feature maps are vectors too; normalize gives length 1', async () => {
    const pooled = colours(1, { embedding: [1, 3, 1, 1], logits: [1, 3] })
    const unit = await embed(pooled, green, { preprocess: rule, normalize: true })
    expect(Math.hypot(...unit)).toBeCloseTo(1, 6)
    await expect(embed(pooled, plain(0, 0, 0), { preprocess: rule, normalize: true })).rejects.toThrow(/zero/)
  })
})
