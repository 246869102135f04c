import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { random } from '@mobileone/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Outcome, runProgram } from './program.ts'

const stage = (channels: number) => ({ blocks: 1, channels, stride: 2, branches: 2, squeezeExcite: 0 })
const network = {
  name: 'tiny',
  input: { channels: 1, size: [28, 28] },
  stem: { channels: 8, stride: 2, branches: 1 },
  stages: [stage(8), stage(16)],
  classes: 10,
}

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobileone-train-'))
  mkdirSync(join(folder, 'data'))
  writeIdx('train', 320, 1)
  writeIdx('t10k', 80, 2)
  writeFileSync(join(folder, 'tiny.json'), JSON.stringify(network))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Grey images whose class is the half or quarter that is bright. */
function writeIdx(prefix: string, count: number, seed: number): void {
  const source = random(seed)
  const labels = Uint8Array.from({ length: count }, (_, index) => index % 4)
  const pixels = new Uint8Array(count * 784)
  for (let index = 0; index < pixels.length; index++) {
    const label = labels[Math.floor(index / 784)] as number
    const [row, column] = [Math.floor((index % 784) / 28), index % 28]
    const isBright = [row < 14, row >= 14, column < 7 || column >= 21, column >= 7 && column < 21][label]
    pixels[index] = (isBright ? 150 : 50) + source.integer(0, 60)
  }
  const header = (rank: number, ...sizes: number[]): Buffer => {
    const bytes = Buffer.alloc(4 + 4 * rank)
    bytes.set([0, 0, 8, rank])
    for (const [axis, size] of sizes.entries()) bytes.writeUInt32BE(size, 4 + 4 * axis)
    return bytes
  }
  const path = (name: string): string => join(folder, 'data', `${prefix}-${name}-ubyte`)
  writeFileSync(path('images-idx3'), Buffer.concat([header(3, count, 28, 28), pixels]))
  writeFileSync(path('labels-idx1'), Buffer.concat([header(1, count), labels]))
}

function run(args: readonly string[], onText?: Parameters<typeof runProgram>[3]): Promise<Outcome> {
  return runProgram(folder, args, {}, onText)
}

const common = [
  'train',
  '--dataset',
  'data',
  '--network',
  'tiny.json',
  '--recipe',
  'fashion-mnist',
  '--batch-size',
  '16',
]

describe('train', () => {
  it('trains, logs, writes a checkpoint that classifies, and says how well', async () => {
    const args = [
      ...common,
      '--epochs',
      '3',
      '--hold-out',
      '40',
      '--log',
      'log.jsonl',
      '--log-every',
      '5',
      '--workers',
      '1',
    ]
    const outcome = await run([...args, '-o', 'tiny.safetensors', '--json'])
    expect(outcome).toMatchObject({ code: 0 })
    const summary = JSON.parse(outcome.stdout)
    expect(summary).toMatchObject({ output: 'tiny.safetensors', steps: 51, test: { images: 80 } })
    expect(summary.test.top1).toBeGreaterThan(0.9)
    expect(outcome.stderr).toMatch(/epoch {3}3 {2}loss \d\.\d+ {2}training \d+\.\d+ % {2}validation/)

    const lines = readFileSync(join(folder, 'log.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines[0]).toMatchObject({ type: 'start', model: 'tiny', images: 280 })
    expect(lines.filter(({ type }) => type === 'step').map(({ step }) => step)).toEqual([
      5, 10, 15, 20, 25, 30, 35, 40, 45, 50,
    ])
    expect(lines.filter(({ type }) => type === 'epoch')).toHaveLength(3)
    expect(lines.at(-1)).toMatchObject({ type: 'end', test: { top1: summary.test.top1 } })

    const model = modelFromCheckpoint(await readCheckpoint(readFileSync(join(folder, 'tiny.safetensors'))))
    expect(model.card).toMatchObject({
      labels: ['0', '1', '2', '3'],
      preprocess: { size: [28, 28], mean: [expect.closeTo(0.51, 1)] },
      training: { recipe: { epochs: 3 } },
    })

    const measured = await run(['eval', 'data', '--weights', 'tiny.safetensors', '--json'])
    expect(JSON.parse(measured.stdout)).toMatchObject({ count: 80, top1: summary.test.top1 })
  }, 120_000)

  it('is interrupted and resumed to the same file', async () => {
    const args = [...common, '--epochs', '2', '--workers', '2']
    const whole = await run([...args, '-o', 'whole.safetensors'])
    expect(whole).toMatchObject({ code: 0, stderr: '' })
    const broken = await run([...args, '-o', 'broken.safetensors'], (text, kill) => {
      if (text.includes('epoch   1')) kill()
    })
    expect(broken.code).toBe(130)
    expect(broken.stderr).toMatch(
      /kept in broken\.safetensors\.checkpoint; the same command with --resume goes on/,
    )
    expect(existsSync(join(folder, 'broken.safetensors'))).toBe(false)
    const resumed = await run([...args, '-o', 'broken.safetensors', '--resume'])
    expect(resumed.stdout).toContain('2 workers, resumed')
    expect(
      readFileSync(join(folder, 'broken.safetensors')).equals(
        readFileSync(join(folder, 'whole.safetensors')),
      ),
    ).toBe(true)
  }, 180_000)

  it('shows a chart while it trains', async () => {
    let seen: Promise<string> | undefined
    const outcome = await run(
      [
        ...common,
        '--epochs',
        '2',
        '--workers',
        '1',
        '--chart',
        '0',
        '--log-every',
        '1',
        '-o',
        'chart.safetensors',
      ],
      (text) => {
        const url = /http:\/\/localhost:\d+\//.exec(text)?.[0]
        if (url) seen ??= fetch(url).then((page) => page.text())
      },
    )
    expect(outcome.code).toBe(0)
    expect(await seen).toContain("new EventSource('events')")
  }, 120_000)

  it('prints the recipe with what the flags change', async () => {
    writeFileSync(
      join(folder, 'mine.json'),
      JSON.stringify({ extends: 's2', epochs: 30, learningRate: { peak: 0.05 } }),
    )
    const { stdout } = await run(['train', '--recipe', 'mine.json', '--size', '112', '--print-recipe'])
    expect(JSON.parse(stdout)).toMatchObject({
      epochs: 30,
      learningRate: { peak: 0.05, warmupEpochs: 5 },
      curriculum: [{ size: [80, 80] }, { size: [96, 96] }, { size: [112, 112] }],
    })
  })

  it('writes the plan for PyTorch', async () => {
    for (const name of ['train/cat', 'train/dog', 'val/cat', 'val/dog']) {
      mkdirSync(join(folder, 'pets', name), { recursive: true })
      writeFileSync(join(folder, 'pets', name, 'a.png'), '')
    }
    const args = [
      'train',
      '--plan',
      'torch',
      '--dataset',
      'pets',
      '--variant',
      's2',
      '--devices',
      '4',
      '-o',
      'plan',
    ]
    const { code, stdout } = await run(args)
    expect(code).toBe(0)
    expect(stdout).toContain(
      `torchrun --standalone --nproc_per_node=4 train_mobileone.py --data ${join(realpathSync(folder), 'pets')} `,
    )
    for (const name of ['train_mobileone.py', 'pictures.py', 'schedules.py', 'timm.yaml', 'README.md'])
      expect(stdout.split('\n')).toContain(join('plan', name))
    const plan = JSON.parse(readFileSync(join(folder, 'plan', 'plan.json'), 'utf8'))
    expect(plan).toMatchObject({
      model: 'mobileone_s2',
      classes: 2,
      labels: ['cat', 'dog'],
      recipe: { epochs: 300 },
    })
  })

  it('tells what is missing or wrong in one line', async () => {
    const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
      [['train'], /--output|-o <path/],
      [['train', '-o', 'x'], /--dataset fashion-mnist, or a folder/],
      [['train', '-o', 'x', '--dataset', 'nothing'], /cannot read the folder nothing/],
      [[...common, '-o', 'x', '--epochs', '0'], /--epochs of train must be a whole number of at least 1/],
      [[...common, '-o', 'x', '--workers', '2', '--log', 'nowhere/x.jsonl'], /cannot write the log nowhere/],
      [[...common, '-o', 'x', '--width', '2'], /--width scales the network "small"/],
      [['train', '-o', 'x', '--dataset', 'data', '--recipe', 'tiny.txt'], /cannot read the recipe tiny\.txt/],
    ]
    for (const [args, message] of cases) {
      const { code, stderr } = await run(args)
      expect(code, args.join(' ')).not.toBe(0)
      expect(stderr).toMatch(message)
      expect(stderr.trim().split('\n')).toHaveLength(1)
    }
  }, 60_000)
})
