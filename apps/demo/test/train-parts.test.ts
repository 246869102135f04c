import { readFile } from 'node:fs/promises'
import { compareModels, mobileone, profile, reference, reparameterize, validate } from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import { labelFiles, limits, problemOfFolder } from '../src/site/views/train/folder-files.ts'
import { accuracyOf, guessesOf, heldTensor, logitsOf } from '../src/site/views/train/held-out.ts'
import { holdOut, loadPictures } from '../src/site/views/train/load-pictures.ts'
import { networkOf } from '../src/site/views/train/network-forms.ts'
import { type PreparedData, samplesOf } from '../src/site/views/train/prepared-data.ts'
import { recipeOf } from '../src/site/views/train/recipe-of.ts'
import { pathOf, Series, ticks } from '../src/site/views/train/series.ts'
import { defaultSettings, problemOf, stepsOf } from '../src/site/views/train/settings.ts'
import { adviceOn, leastDifference, timeLeft } from '../src/site/views/train/words.ts'

const placed = (...paths: string[]) =>
  paths.map((path) => ({ path, file: new File(['x'], path.slice(path.lastIndexOf('/') + 1)) }))
const many = (folder: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${folder}/${index}.jpg`)

const sample = async (name: string): Promise<File> => {
  const bytes = await readFile(new URL(`../assets/fashion-mnist-sample/${name}.idx`, import.meta.url))
  return new File([new Uint8Array(bytes)], `${name}.idx`)
}

describe('labels from folders', () => {
  it('are the folders that pictures lie in, in order, whatever is around them', () => {
    const { labels, files, held, loose } = labelFiles(
      placed(
        ...many('pets/dog', 6),
        ...many('pets/cat', 7),
        'pets/readme.txt',
        'pets/loose.png',
        'pets/.git/1.png',
        'pets/cat/.DS_Store',
      ),
    )
    expect(labels).toEqual(['cat', 'dog'])
    expect(files.map(({ label }) => label)).toEqual([...Array(7).fill(0), ...Array(6).fill(1)])
    expect([held.length, loose]).toEqual([0, 1])
    expect(problemOfFolder(labelFiles(placed(...many('a/x', 5), ...many('a/y', 5))))).toBeUndefined()
  })

  it('know the folders train and val', () => {
    const { labels, files, held } = labelFiles(
      placed(...many('f/train/a', 6), ...many('f/train/b', 6), ...many('f/val/a', 2), ...many('f/val/b', 2)),
    )
    expect(labels).toEqual(['a', 'b'])
    expect([files.length, held.length]).toEqual([12, 4])
  })

  it('are bounded, and the pictures taken evenly', () => {
    const { files, left } = labelFiles(placed(...many('big/a', 3000), ...many('big/b', 10)))
    expect(files).toHaveLength(limits.pictures / 2 + 10)
    expect(left).toBe(1000)
    expect(files[0]?.path).toBe('big/a/0.jpg')
    expect(Number(/\d+/.exec(files[1999]?.path ?? '')?.[0])).toBeGreaterThan(2990)
  })

  it.each([
    [[], /There are no pictures/],
    [many('flat', 9), /lie side by side/],
    [many('pets/cat', 9), /Only "cat"/],
    [[...many('pets/cat', 9), ...many('pets/dog', 2)], /"dog" has 2 pictures/],
    [Array.from({ length: 51 }, (_, label) => many(`all/c${label}`, 5)).flat(), /51 folders/],
  ])('are refused in words %#', (paths, words) => {
    expect(problemOfFolder(labelFiles(placed(...paths)))).toMatch(words)
  })
})

describe('IDX files', () => {
  it('belong together by what is in them and by their names', async () => {
    const files = await Promise.all(
      ['t10k-labels', 'train-images', 'train-labels', 't10k-images'].map(sample),
    )
    const data = await loadPictures({ kind: 'idx', files })
    expect([data.train.count, data.held.count, data.size, data.labels.length]).toEqual([2000, 500, 28, 10])
    expect(data.mean[0]).toBeCloseTo(0.286, 1)
    expect([...data.held.classes].filter((label) => label === 3)).toHaveLength(50)
    expect(samplesOf(data)).toHaveLength(10)
  })

  it('give up a fifth of each class where none is held out', async () => {
    const data = await loadPictures({
      kind: 'idx',
      files: await Promise.all(['train-images', 'train-labels'].map(sample)),
    })
    expect([data.train.count, data.held.count]).toEqual([1600, 400])
    expect([...data.held.classes].filter((label) => label === 9)).toHaveLength(40)
  })

  it.each([
    [['train-images'], /together/],
    [['train-images', 't10k-labels'], /together/],
  ])('are refused in words %#', async (names, words) => {
    const files = await Promise.all(names.map(sample))
    await expect(loadPictures({ kind: 'idx', files })).rejects.toThrow(words)
    const text = new File(['no IDX at all'], 'train-images.idx')
    await expect(loadPictures({ kind: 'idx', files: [text] })).rejects.toMatchObject({ code: 'invalid-file' })
  })
})

const tiny: PreparedData = {
  name: 'tiny',
  labels: ['dark', 'light'],
  size: 16,
  channels: 3,
  mean: [0.5, 0.5, 0.5],
  std: [0.25, 0.25, 0.25],
  train: { count: 40, pixels: new Uint8Array(40 * 768), classes: new Uint8Array(40) },
  held: {
    count: 3,
    pixels: new Uint8Array(3 * 768).fill(255, 768),
    classes: Uint8Array.of(0, 1, 1),
  },
  mirror: true,
  skipped: [],
}

describe('the two forms', () => {
  it('are one network when they are folded', async () => {
    const settings = { ...defaultSettings, branches: 3 }
    const [branches, plain] = [networkOf('branches', settings, tiny), networkOf('plain', settings, tiny)]
    for (const model of [branches, plain]) validate(model)
    const folded = [reparameterize(branches), reparameterize(plain)]
    const deployed = mobileone(branches.config!, { form: 'deploy' })
    for (const model of folded) {
      expect(model.nodes.map(({ op }) => op)).toEqual(deployed.nodes.map(({ op }) => op))
      expect(profile(model).params).toBe(profile(deployed).params)
    }
    expect(plain.nodes.some(({ op }) => op === 'add')).toBe(false)
    expect(profile(branches).params).toBeGreaterThan(2 * profile(plain).params)
    const { maxAbsError } = await compareModels(plain, folded[1]!, { backend: reference(), runs: 1 })
    expect(maxAbsError).toBeLessThan(1e-4)
  })

  it('are judged on the held-out pictures, one by one', async () => {
    const model = networkOf('plain', { ...defaultSettings, width: 0.25 }, tiny)
    const guesses = guessesOf(await logitsOf(model, heldTensor(tiny), reference()))
    expect(guesses).toHaveLength(3)
    expect(guesses[1]).toEqual(guesses[2])
    expect(
      accuracyOf([{ label: 0, score: 1 }, guesses[1]!, guesses[2]!], Uint8Array.of(0, 2, 2)),
    ).toBeCloseTo(1 / 3)
  })
})

it('holds out every fifth picture of a class, and no other', () => {
  const classes = Uint8Array.from({ length: 20 }, (_, index) => index % 2)
  const [train, held] = holdOut({ count: 20, pixels: Uint8Array.from({ length: 20 }, (_, i) => i), classes })
  expect([...held.pixels]).toEqual([4, 5, 14, 15])
  expect([train.count, held.count]).toEqual([16, 4])
  expect([...train.pixels, ...held.pixels].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, i) => i),
  )
})

describe('settings', () => {
  it('make the recipe of a run', () => {
    const recipe = recipeOf(
      { ...defaultSettings, epochs: 3, learningRate: 0.05, seed: 7, mirror: false },
      tiny,
    )
    expect(recipe).toMatchObject({
      epochs: 3,
      seed: 7,
      learningRate: { peak: 0.05 },
      augmentation: { flip: false },
    })
    expect(recipe.curriculum).toEqual([{ from: 0, size: [16, 16], strength: 1, batchSize: 32 }])
    expect(stepsOf({ ...defaultSettings, epochs: 3 }, tiny)).toBe(3)
  })

  it.each([
    [{}, undefined],
    [{ epochs: 2.5 }, /Epochs/],
    [{ epochs: Number.NaN }, /Epochs/],
    [{ learningRate: 0 }, /Learning rate/],
    [{ seed: -1 }, /Seed/],
    [{ batchSize: 64 }, /64 pictures are more than the 40/],
  ])('that make no sense are told: %o', (changes, words) => {
    const problem = problemOf({ ...defaultSettings, ...changes }, tiny)
    if (words) expect(problem).toMatch(words)
    else expect(problem).toBeUndefined()
  })
})

describe('charts', () => {
  it('keep few points of a long run, and its mean', () => {
    const series = new Series(16)
    for (let step = 1; step <= 1000; step++) series.add(step, step % 2 === 0 ? 1 : 3)
    const points = series.points()
    expect(points.length).toBeLessThan(16)
    expect(points.length).toBeGreaterThanOrEqual(7)
    for (const { value } of points) expect(value).toBe(2)
    expect(points.map(({ step }) => step)).toEqual(points.map(({ step }) => step).toSorted((a, b) => a - b))
  })

  it('have round marks that hold all values', () => {
    expect(ticks(0, 1)).toEqual([0, 0.25, 0.5, 0.75, 1])
    expect(ticks(0.61, 2.34)).toEqual([0.5, 1, 1.5, 2, 2.5])
    expect(ticks(3, 3).length).toBeGreaterThanOrEqual(1)
  })

  it('draw within their square', () => {
    const path = pathOf(
      [
        { step: 0, value: 2 },
        { step: 5, value: 0 },
        { step: 10, value: 9 },
      ],
      { steps: 10, low: 0, high: 4 },
    )
    expect(path).toBe('M0.00 50.00L50.00 100.00L100.00 0.00')
  })
})

describe('words', () => {
  it('say what to do', () => {
    expect(adviceOn({ code: 'wrong-result', message: 'training diverged' })).toMatch(/smaller learning rate/)
    expect(adviceOn({ code: 'unavailable', message: 'cannot allocate 9 bytes' })).toMatch(/smaller width/)
    expect(adviceOn({ code: 'unavailable', message: 'no SIMD' })).toBe('no SIMD')
    expect([timeLeft(0.2), timeLeft(40.2), timeLeft(200), timeLeft(9000)]).toEqual([
      'nearly done',
      'about 41 s left',
      'about 3 min left',
      'about 2.5 h left',
    ])
  })

  it('know how much luck there is in 500 pictures', () => {
    expect(leastDifference(0.8, 500)).toBeCloseTo(0.0506, 3)
  })
})
