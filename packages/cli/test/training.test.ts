import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { toSafetensors } from '@mobileone/checkpoint'
import { fashionMnistRecipe, paperRecipe } from '@mobileone/train'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { chooseModel } from '../src/training/choose-model.ts'
import { openData, prepareData } from '../src/training/open-data.ts'
import { suitWorkers } from '../src/training/suit-recipe.ts'
import { writePlan } from '../src/training/write-plan.ts'
import { tiny } from './program.ts'

const recipe = fashionMnistRecipe()
const bare = { balance: false }

let folder: string

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'mobileone-training-')))
  for (const [set, count] of [
    ['train', 6],
    ['val', 2],
  ] as const) {
    for (const label of ['cat', 'dog']) {
      mkdirSync(join(folder, 'my pets', set, label), { recursive: true })
      for (let index = 0; index < count; index++) {
        await sharp({
          create: {
            width: 40,
            height: 36,
            channels: 3,
            background: { r: 40 * index, g: 90 + index, b: 60 - index },
          },
        })
          .png()
          .toFile(join(folder, 'my pets', set, label, `${index}.png`))
      }
    }
  }
  for (const name of ['digits', 'fashion-mnist']) {
    mkdirSync(join(folder, name))
    writeIdx(join(folder, name, 'train'), 24)
    writeIdx(join(folder, name, 't10k'), 6)
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Grey noise of 20 x 20 in three classes. */
function writeIdx(prefix: string, count: number): void {
  const header = (rank: number, ...sizes: number[]): Buffer => {
    const bytes = Buffer.alloc(4 + 4 * rank)
    bytes.set([0, 0, 8, rank])
    for (const [axis, size] of sizes.entries()) bytes.writeUInt32BE(size, 4 + 4 * axis)
    return bytes
  }
  const pixels = Uint8Array.from({ length: count * 400 }, (_, index) => (index * 37) % 256)
  const labels = Uint8Array.from({ length: count }, (_, index) => index % 3)
  writeFileSync(`${prefix}-images-idx3-ubyte`, Buffer.concat([header(3, count, 20, 20), pixels]))
  writeFileSync(`${prefix}-labels-idx1-ubyte`, Buffer.concat([header(1, count), labels]))
}

describe('the data of a run', () => {
  it('holds pictures out beside a validation folder, which is then the test', async () => {
    const dataset = join(folder, 'my pets')
    const whole = await openData({ ...bare, dataset }, recipe)
    expect([whole.train.size, whole.validation?.size, whole.test]).toEqual([12, 4, undefined])
    const held = await openData({ ...bare, dataset, 'hold-out': 2 }, recipe)
    expect([held.train.size, held.validation?.size, held.test?.size]).toEqual([10, 2, 4])
    const both = { ...bare, dataset, 'hold-out': 2, validation: join(dataset, 'val') }
    await expect(openData(both, recipe)).rejects.toThrow(/--validation is not for use with --hold-out/)
  })

  it('is IDX files as they are: numbers for labels, their own size, mean and deviation', async () => {
    const opened = await openData({ ...bare, dataset: join(folder, 'digits') }, recipe)
    expect(opened.train.labels).toEqual(['0', '1', '2'])
    expect(opened.test?.labels).toEqual(['0', '1', '2'])
    expect(opened.fixed).toBeUndefined()
    expect(opened.shorterSide).toBe(20)
    expect(opened.mean[0]).toBeCloseTo(0.5, 1)
    const fashion = await openData({ ...bare, dataset: `${join(folder, 'fashion-mnist')}/` }, recipe)
    expect(fashion.train.labels[9]).toBe('Ankle boot')
    expect(fashion.fixed?.mean).toEqual([0.286])
  })

  it('refuses a validation folder beside IDX files, which have a set of their own', async () => {
    const flags = { ...bare, dataset: join(folder, 'digits'), validation: join(folder, 'my pets', 'val') }
    await expect(openData(flags, recipe)).rejects.toThrow(/--validation is for folders of pictures/)
  })

  it('is measured at the size it is trained at', async () => {
    const opened = await openData({ ...bare, dataset: join(folder, 'fashion-mnist') }, recipe)
    const large = fashionMnistRecipe({
      curriculum: [{ from: 0, size: [56, 56], strength: 1, batchSize: 16 }],
    })
    const { preprocess } = prepareData(opened, large)
    expect(preprocess).toMatchObject({ size: [56, 56], resize: 56, mean: [0.286] })
    expect(prepareData(opened, recipe).preprocess).toMatchObject({ size: [28, 28], resize: 28 })
  })
})

describe('flags that would be ignored are refused', () => {
  it.each([{ network: 'small' }, { branches: 2 }, { width: 0.5 }])('%o beside --weights', async (flag) => {
    const opened = await openData({ ...bare, dataset: join(folder, 'digits') }, recipe)
    const model = chooseModel({ weights: 'x.safetensors', ...flag }, prepareData(opened, recipe), recipe)
    await expect(model).rejects.toThrow(`--${Object.keys(flag)[0]} is for random weights`)
  })

  it('a --variant that the --weights are not of', async () => {
    const opened = await openData({ ...bare, dataset: join(folder, 'digits') }, recipe)
    const weights = join(folder, 'tiny.safetensors')
    writeFileSync(weights, toSafetensors(tiny))
    const model = chooseModel({ weights, variant: 's1' }, prepareData(opened, recipe), recipe)
    await expect(model).rejects.toThrow(/--variant s1 contradicts --weights/)
  })

  it.each([
    { validation: 'val' },
    { 'hold-out': 2 },
    { balance: true },
    { weights: 'x.safetensors' },
    { network: 'small' },
    { branches: 2 },
    { width: 0.5 },
  ])('%o beside --plan', async (flag) => {
    const flags = { dataset: join(folder, 'my pets'), devices: 1, json: false, balance: false, ...flag }
    const written = writePlan(flags, paperRecipe('s0'), join(folder, 'no-plan'))
    await expect(written).rejects.toThrow(`--${Object.keys(flag)[0]} `)
  })
})

it('a plan for PyTorch runs in its own folder, whatever its pictures are called from here', async () => {
  const printed: string[] = []
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0)
  const dataset = relative(process.cwd(), join(folder, 'my pets'))
  const flags = { dataset, devices: 2, json: false, balance: false }
  await writePlan(flags, paperRecipe('s0'), join(folder, 'plan')).finally(() => write.mockRestore())
  expect(printed.join('')).toContain(`train_mobileone.py --data '${join(folder, 'my pets')}' --output`)
})

it('a worker has no fewer images than statistics need', () => {
  const batches = (...sizes: number[]) =>
    paperRecipe('s0', {
      curriculum: sizes.map((batchSize, from) => ({ from, size: [32, 32], strength: 1, batchSize })),
    })
  expect(suitWorkers(batches(16), 16)).toBe(1)
  expect(suitWorkers(batches(256), 16)).toBe(16)
  expect(suitWorkers(batches(256, 64), 16)).toBe(4)
  expect(suitWorkers(batches(8), 4)).toBe(1)
  expect(suitWorkers(batches(256), 1)).toBe(1)
})
