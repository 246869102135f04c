import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modelFromCheckpoint, readCheckpoint, toSafetensors } from '@mobileone/checkpoint'
import { initialize, mobileone, variants } from '@mobileone/core'
import { arrayDataset, paperRecipe } from '@mobileone/train'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenedData, prepareData } from '../src/training/open-data.ts'
import { formatDuration, trainingProgress } from '../src/training/progress.ts'
import { suitBatch, suitSize } from '../src/training/suit-recipe.ts'
import { type Outcome, runProgram } from './program.ts'

let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mobileone-train-pictures-'))
  for (const [label, value] of [
    ['dark', 60],
    ['light', 190],
  ] as const) {
    mkdirSync(join(folder, 'tiny', label), { recursive: true })
    for (let index = 0; index < 24; index++) {
      const [r, g, b] = [value + index, value, value - index] as const
      await sharp({ create: { width: 32, height: 32, channels: 3, background: { r, g, b } } })
        .png()
        .toFile(join(folder, 'tiny', label, `${index}.png`))
    }
  }
  mkdirSync(join(folder, 'tiny', '.thumbnails'))
  const stage = { blocks: 1, channels: 8, stride: 2, branches: 1, squeezeExcite: 0 }
  const network = {
    name: 'narrow',
    input: { channels: 3, size: [32, 32] },
    stem: { channels: 8, stride: 2, branches: 1 },
    stages: [stage],
    classes: 2,
  }
  writeFileSync(join(folder, 'narrow.json'), JSON.stringify(network))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  onText?: Parameters<typeof runProgram>[3],
): Promise<Outcome> {
  return runProgram(folder, args, env, onText)
}

const narrow = ['train', 'tiny', '--network', 'narrow.json', '--workers', '1']

describe('train on a folder of pictures', () => {
  it('takes size, network and batch from them, and says so', async () => {
    const { code, stdout } = await run([
      'train',
      'tiny',
      '--epochs',
      '1',
      '--workers',
      '1',
      '-o',
      'a.safetensors',
    ])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^mobileone-small in train form/)
    expect(stdout).toMatch(
      /recipe small-pictures: 32 x 32 pixels of pictures whose shorter side is 32 .*batches of 16: some \d+/,
    )
    expect(stdout).toMatch(
      /batches of 16 rather than 128 for 48 images, and so a learning rate of 0\.0125 rather than 0\.1/,
    )
    const { card } = modelFromCheckpoint(await readCheckpoint(readFileSync(join(folder, 'a.safetensors'))))
    expect(card?.preprocess).toMatchObject({ size: [32, 32], resize: 32 })
    expect(card?.labels).toEqual(['dark', 'light'])
  }, 120_000)

  it('has no more workers than the batch has images for, and tells of smaller parts', async () => {
    const code =
      "import os from 'node:os'; import { syncBuiltinESMExports } from 'node:module'; os.availableParallelism = () => 32; syncBuiltinESMExports()"
    const machine = { NODE_OPTIONS: `--import=${JSON.stringify(encodeURI(`data:text/javascript,${code}`))}` }
    const args = ['train', 'tiny', '--network', 'narrow.json', '--epochs', '1', '-o', 'f.safetensors']
    const suited = await run(args, machine)
    expect(suited.stdout).toMatch(/ 1 epochs, tfjs wasm, 1 worker\n/)
    expect(suited.stdout).not.toContain('each worker normalises')
    const asked = await run([...args, '--workers', '2'], machine)
    expect(asked.stdout).toMatch(
      /2 workers\n.*\n.*\n {2}each worker normalises by 8 images, and the statistics of fewer than 16 mislead: .*fewer --workers/,
    )
  }, 120_000)

  it('prints the recipe that suits them', async () => {
    const print = async (...args: string[]): Promise<unknown> =>
      JSON.parse((await run(['train', 'tiny', '--print-recipe', '--workers', '1', ...args])).stdout)
    expect(await print()).toMatchObject({
      name: 'small-pictures',
      curriculum: [{ size: [32, 32], batchSize: 16 }],
    })
    expect(await print('--variant', 's0')).toMatchObject({
      name: 'mobileone-s0',
      epochs: 300,
      curriculum: [{ size: [32, 32], batchSize: 16 }],
    })
    expect(await print('--variant', 's0', '--size', '64', '--batch-size', '8')).toMatchObject({
      learningRate: { peak: 0.1 },
      curriculum: [{ size: [64, 64], batchSize: 8 }],
    })
  }, 60_000)

  it('reads --weights with the strides and the prefix of the flags, which are for nothing else', async () => {
    const config = { ...JSON.parse(readFileSync(join(folder, 'narrow.json'), 'utf8')) }
    const model = initialize(mobileone(config, { form: 'train' }), { seed: 1 })
    const bytes = toSafetensors(model)
    const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))
    delete header.__metadata__
    const twice = Object.entries(header).flatMap(([key, value]) => [
      [`student.${key}`, value],
      [`teacher.${key}`, value],
    ])
    // Two keys may not share bytes: the second network gets its own.
    const data = bytes.subarray(8 + length)
    const moved = twice.map(([key, value]) => {
      const { data_offsets: offsets, ...rest } = value as { data_offsets: number[] }
      const shift = (key as string).startsWith('teacher.') ? data.length : 0
      return [key, { ...rest, data_offsets: offsets.map((offset) => offset + shift) }]
    })
    const text = JSON.stringify(Object.fromEntries(moved))
    const size = new Uint8Array(8)
    new DataView(size.buffer).setBigUint64(0, BigInt(text.length), true)
    writeFileSync(join(folder, 'two.safetensors'), Buffer.concat([size, Buffer.from(text), data, data]))

    const args = ['train', 'tiny', '--weights', 'two.safetensors', '--print-recipe']
    expect((await run(args)).code).toBe(1)
    const prefixed = await run([...args, '--prefix', 'student.'])
    expect([prefixed.code, prefixed.stderr]).toEqual([
      0,
      expect.stringMatching(/strides are assumed, .*: 2 of the stem, 2 of stage 1;/),
    ])
    const told = await run([...args, '--prefix', 'student.', '--strides', '2,2'])
    expect(told).toMatchObject({ code: 0, stderr: '' })
    const stray = await run([...narrow, '--print-recipe', '--strides', '2,2'])
    expect(stray).toMatchObject({ code: 2, stdout: '' })
    expect(stray.stderr).toMatch(/^mobileone: --strides is for --weights; /)
  })

  it('foretells the end of a long run, and says what is kept when it is stopped', async () => {
    const long = [...narrow, '--epochs', '9000000', '-o', 'long.safetensors']
    const { code, stderr } = await run(long, {}, (text, interrupt) => {
      if (text.includes('epoch   1')) interrupt()
    })
    expect(code).toBe(130)
    const [warning, last, ...rest] = stderr.trim().split('\n')
    expect(rest).toEqual([])
    expect(warning).toMatch(
      /^this run will take about \d.* (h|days) on this machine.*fewer --epochs.*--plan torch/,
    )
    expect(last).toMatch(
      /^mobileone: stopped after step \d+ of 27,000,000; the run is kept in long\.safetensors\.checkpoint; the same command with --resume goes on$/,
    )
  }, 60_000)

  it('keeps the checkpoint of an earlier run that is not gone on with, and says so', async () => {
    const args = [...narrow, '--epochs', '1', '-o', 'b.safetensors']
    const { stdout } = await run([...args, '--resume'])
    expect(stdout).toContain('there is no b.safetensors.checkpoint, so this run starts anew')
    expect(stdout).not.toContain('.previous')
    const first = readFileSync(join(folder, 'b.safetensors.checkpoint'))
    const again = await run([...args, '--seed', '3'])
    expect(again.stdout).toMatch(
      /b\.safetensors\.checkpoint of an earlier run, at step 3 of its recipe small-pictures, becomes b\.safetensors\.checkpoint\.previous when .* --resume/,
    )
    expect(readFileSync(join(folder, 'b.safetensors.checkpoint.previous')).equals(first)).toBe(true)
    expect(readFileSync(join(folder, 'b.safetensors.checkpoint')).equals(first)).toBe(false)
  }, 120_000)

  it('goes on with the batches it began with', async () => {
    const args = [...narrow, '--epochs', '2', '-o', 'd.safetensors']
    await run(args, {}, (text, interrupt) => text.includes('epoch   1') && interrupt())
    const resumed = await run([...args, '--resume'])
    expect(resumed).toMatchObject({ code: 0, stderr: '' })
    expect(resumed.stdout).toContain('resumed')
  }, 120_000)

  it('ends with one line whatever fails while workers are at work', async () => {
    for (const set of ['train', 'val'])
      cpSync(join(folder, 'tiny'), join(folder, 'broken', set), { recursive: true })
    writeFileSync(join(folder, 'broken', 'val', 'light', '3.png'), 'no picture')
    const failed = await run(['train', 'broken', ...narrow.slice(2), '--epochs', '1', '-o', 'e.safetensors'])
    expect(failed.code).toBe(1)
    expect(failed.stderr.trim().split('\n')).toHaveLength(1)
    expect(failed.stderr).toMatch(
      /^mobileone: .*broken\/val\/light\/3\.png.*; the run is kept in e\.safetensors\.checkpoint; the same command with --resume goes on$/m,
    )

    const wild = [...narrow, '-o', 'e.safetensors', '--epochs', '40', '--learning-rate', '1e12']
    const diverged = await run(wild)
    expect(diverged.code).toBe(1)
    expect(diverged.stderr).toMatch(/^mobileone: training diverged at step \d+ .*\n$/)
    expect(existsSync(join(folder, 'e.safetensors'))).toBe(false)

    // A promise that never settles ends Node with 13 and no word.
    const stuck =
      "data:text/javascript,import { Worker } from 'node:worker_threads'; Worker.prototype.terminate = function () { this.unref(); return new Promise(() => {}) }"
    const silent = await run(wild, { NODE_OPTIONS: `--import=${JSON.stringify(encodeURI(stuck))}` })
    expect(silent.code).toBe(70)
    expect(silent.stderr).toMatch(/^mobileone: stopped before the work was done/)
  }, 180_000)
})

describe('what suits', () => {
  const s0 = initialize(mobileone({ ...variants.s0, classes: 10 }, { form: 'train' }), { seed: 0 })
  const flags = { dataset: 'photos' }
  const room = { workers: 1, backend: 'wasm', free: 32 * 2 ** 30 } as const

  it('is no size larger than the pictures, in steps of 8', async () => {
    const side = async (shorter: number, more: object = {}): Promise<unknown> =>
      (await suitSize({ ...flags, ...more }, paperRecipe('s0'), shorter)).curriculum[0]?.size
    expect(await side(500)).toEqual([224, 224])
    expect(await side(101)).toEqual([96, 96])
    expect(await side(28)).toEqual([28, 28])
    expect(await side(32, { size: 64 })).toEqual([224, 224])
    expect(await side(32, { weights: 'x.safetensors' })).toEqual([224, 224])
  })

  it('is a batch that the memory holds', () => {
    const { recipe, bytes, note } = suitBatch(flags, paperRecipe('s0'), s0, 10_000, room)
    expect(recipe.curriculum[0]?.batchSize).toBe(64)
    expect(recipe.learningRate.peak).toBe(0.025)
    expect(bytes).toBeLessThan(3.5 * 2 ** 30)
    expect(note).toMatch(/batches of 64 rather than 256 to fit the memory, and so a learning rate of 0\.025/)
    const shared = suitBatch(flags, paperRecipe('s0'), s0, 10_000, { ...room, workers: 4 })
    expect(shared.recipe.curriculum[0]?.batchSize).toBe(256)
    const crowded = suitBatch(flags, paperRecipe('s0'), s0, 10_000, { ...room, free: 2 ** 31 })
    expect(crowded.recipe.curriculum[0]?.batchSize).toBe(16)
    expect(() => suitBatch({ ...flags, 'batch-size': 256 }, paperRecipe('s0'), s0, 10_000, room)).toThrow(
      /batches of 256 images of 224 x 224 take some 1\d\.\d GiB in the one worker.*4 GiB: use a smaller --batch-size/,
    )
  })

  it('is a crop without enlarging', () => {
    const pixels = { width: 32, height: 32, channels: 3 as const, data: new Uint8Array(3072) }
    const opened = { train: arrayDataset([pixels], [0], ['a']), mean: [0.5], std: [0.2], source: 'x' }
    const resize = (side: number, shorterSide: number): number =>
      prepareData(
        { ...opened, shorterSide } as OpenedData,
        paperRecipe('s0', { curriculum: [{ from: 0, size: [side, side], strength: 1, batchSize: 2 }] }),
      ).preprocess.resize
    expect(resize(32, 32)).toBe(32)
    expect(resize(32, 500)).toBe(37)
    expect(resize(224, 240)).toBe(240)
    expect(resize(224, 100)).toBe(224)
  })
})

it('off a terminal a line every half minute says how far it is', () => {
  let now = 0
  const lines: string[] = []
  const stream = { isTTY: false, write: (text: string) => lines.push(text) > 0 }
  const progress = trainingProgress(stream as never, () => now)
  for (let step = 1; step <= 100; step++) {
    now += 1000
    progress.step(
      { step, steps: 4000, epoch: 1, loss: 2, imagesPerSecond: 50.4, secondsLeft: 3870 - step } as never,
      10,
    )
  }
  expect(lines).toHaveLength(3)
  expect(lines[0]).toBe('  epoch 1/10 loss 2.000 50 images/s 64 min left, step 30 of 4,000\n')
  expect([40, 600, 12_600, 40 * 3600, 12 * 86_400].map(formatDuration)).toEqual([
    '40 s',
    '10 min',
    '3.5 h',
    '40 h',
    '12 days',
  ])
})
