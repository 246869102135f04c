import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modelFromCheckpoint, readCheckpoint, toSafetensors } from '@mobileone/checkpoint'
import { configFromWidths, initialize, type Model, mobileone } from '@mobileone/core'
import { fromOnnx } from '@mobileone/onnx'
import { serve } from '@mobileone/testkit'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Outcome, type ProgramHost, runProgram, startHost, tiny } from './program.ts'

const commands = [
  'classify',
  'eval',
  'logits',
  'inspect',
  'reparam',
  'quantize',
  'export',
  'train',
  'bench',
  'pull',
  'doctor',
]

let folder: string
let weights: string
let program: ProgramHost

const run = (args: readonly string[]): Promise<Outcome> => program.run(args)

/** The document of `--json`. */
const json = async <T>(args: readonly string[]): Promise<T> => documentOf(await run([...args, '--json']))
/** The same from a process of its own. */
const jsonOfProcess = async <T>(args: readonly string[]): Promise<T> =>
  documentOf(await runProgram(folder, [...args, '--json']))

function documentOf<T>(outcome: Outcome): T {
  expect(outcome.stderr).toBe('')
  expect(outcome.code).toBe(0)
  return JSON.parse(outcome.stdout) as T
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mobileone-cli-'))
  program = startHost(folder)
  weights = join(folder, 'tiny.safetensors')
  writeFileSync(weights, toSafetensors(tiny))
  for (const [index, label] of ['red', 'green', 'blue'].entries()) {
    mkdirSync(join(folder, 'photographs', label), { recursive: true })
    const background = { r: index === 0 ? 255 : 0, g: index === 1 ? 255 : 0, b: index === 2 ? 255 : 0 }
    await sharp({ create: { width: 90, height: 80, channels: 3, background } })
      .png()
      .toFile(join(folder, 'photographs', label, 'a.png'))
  }
})
afterAll(async () => {
  await program?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('help', () => {
  it('lists the commands', async () => {
    const { stdout, code } = await runProgram(folder, [])
    for (const command of commands) expect(stdout).toContain(`  ${command}`)
    expect(code).toBe(0)
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+/)
  })

  it.each(commands)('%s --help shows usage, flags and examples', async (command) => {
    const { stdout, code } = await run([command, '--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`^mobileone ${command}`))
    expect(stdout).toContain('--json')
    expect(stdout).toMatch(/Examples\n {2}mobileone/)
  })
})

describe('mistakes', () => {
  it.each([
    [['clasify'], 2, /there is no command "clasify"; the commands are classify/],
    [['classify', '--fo', 'a.jpg'], 2, /Unknown option '--fo'/],
    [
      ['classify', 'a.jpg', '--top', 'x'],
      2,
      /--top of classify must be a whole number of at least 1; got "x"/,
    ],
    [
      ['classify', 'a.jpg', '--backend', 'abacus'],
      2,
      /--backend must be one of wasm, webgpu, tfjs, ort, coreml, coreml-apple, reference; got "abacus"/,
    ],
    [['classify'], 2, /usage: mobileone classify <image\.\.\.>/],
    [['classify', 'a.jpg'], 2, /say which weights to use/],
    [['classify', 'a.jpg', '--weights', 'none.pth'], 1, /a\.jpg does not exist/],
    [['logits', 'a.f32', '--weights', 'tiny.safetensors'], 2, /say where to write with -o/],
  ] as const)('%j', async (args, code, message) => {
    const outcome = await run(args)
    expect(outcome.stdout).toBe('')
    expect(outcome.stderr).toMatch(message)
    expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(outcome.code).toBe(code)
  })

  it('names weights that there are not', async () => {
    writeFileSync(join(folder, 'there.jpg'), 'not a picture')
    const outcome = await runProgram(folder, ['classify', 'there.jpg', '--weights', 'none.pth'])
    expect(outcome).toMatchObject({ code: 1, stdout: '' })
    expect(outcome.stderr).toMatch(/there is no file "none\.pth"/)
  })

  it('names a picture that cannot be decoded', async () => {
    writeFileSync(join(folder, 'broken.jpg'), 'not a picture')
    const outcome = await runProgram(folder, ['classify', 'broken.jpg', '--weights', weights])
    expect(outcome).toMatchObject({ code: 1, stdout: '' })
    expect(outcome.stderr).toMatch(/broken\.jpg/)
  })
})

describe('classify', () => {
  it('prints labels with bars, and JSON', async () => {
    const picture = join('photographs', 'red', 'a.png')
    const { stdout } = await run(['classify', picture, '--weights', weights, '--top', '2'])
    expect(stdout).toMatch(/a\.png\n {2}(red|green|blue) +[█░]+ +\d+\.\d %\n/)
    const results = await jsonOfProcess<
      { file: string; top: { index: number; label: string; score: number }[] }[]
    >(['classify', picture, picture, '--weights', weights, '--top', '3'])
    expect(results).toHaveLength(2)
    expect(results[0]?.file).toBe(picture)
    expect(results[0]?.top.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 5)
  })
})

describe('eval', () => {
  it('reads classes from sub-folders', async () => {
    const result = await jsonOfProcess<{
      count: number
      top1: number
      top5: number
      backend: string
      ms: { median: number }
    }>(['eval', 'photographs', '--weights', weights])
    expect(result).toMatchObject({ count: 3, top5: 1, backend: 'wasm' })
    expect(result.ms.median).toBeGreaterThan(0)
  })

  it('reads the t10k set of IDX files', async () => {
    const grey = configFromWidths({
      name: 'grey',
      widths: [0.25, 0.25, 0.25, 0.25],
      blocks: [1, 1, 1, 1],
      branches: 1,
      classes: 10,
      inputSize: [28, 28],
      inputChannels: 1,
    })
    const greyModel: Model = {
      ...initialize(mobileone(grey, { form: 'deploy' }), { seed: 1 }),
      card: {
        preprocess: { size: [28, 28], resize: 28, interpolation: 'bilinear', mean: [0.5], std: [0.5] },
      },
    }
    mkdirSync(join(folder, 'idx'))
    writeFileSync(join(folder, 'grey.safetensors'), toSafetensors(greyModel))
    const count = 4
    writeFileSync(
      join(folder, 'idx/t10k-images-idx3-ubyte'),
      Buffer.from(
        [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28, ...Array(count * 784).keys()].map(
          (value) => value & 255,
        ),
      ),
    )
    writeFileSync(
      join(folder, 'idx/t10k-labels-idx1-ubyte'),
      Buffer.from([0, 0, 8, 1, 0, 0, 0, count, 0, 1, 2, 9]),
    )
    expect(await json(['eval', 'idx', '--weights', 'grey.safetensors'])).toMatchObject({ count })
  })

  it('names a picture without a class', async () => {
    mkdirSync(join(folder, 'unknown', 'purple'), { recursive: true })
    writeFileSync(join(folder, 'unknown', 'purple', 'a.png'), '')
    const outcome = await run(['eval', 'unknown', '--weights', weights])
    expect(outcome.stderr).toMatch(/the class of unknown\/purple\/a\.png is unknown/)
    expect(outcome.code).toBe(1)
  })
})

describe('logits', () => {
  it('infers the batch of a .f32 file and agrees between backends', async () => {
    const input = Float32Array.from({ length: 2 * 3 * 64 * 64 }, (_, index) => Math.sin(index))
    writeFileSync(join(folder, 'input.f32'), new Uint8Array(input.buffer))
    const read = (name: string): Float32Array =>
      new Float32Array(new Uint8Array(readFileSync(join(folder, name))).buffer)
    for (const backend of ['wasm', 'reference']) {
      const result = await jsonOfProcess([
        'logits',
        'input.f32',
        '--weights',
        weights,
        '--backend',
        backend,
        '-o',
        `${backend}.f32`,
      ])
      expect(result).toMatchObject({ shape: [2, 3], backend })
    }
    const [fast, slow] = [read('wasm.f32'), read('reference.f32')]
    expect(fast).toHaveLength(6)
    for (const [index, value] of fast.entries()) {
      const expected = slow[index] as number
      expect(Math.abs(value - expected)).toBeLessThan(1e-5 * Math.max(1, Math.abs(expected)))
    }
  })

  it('refuses a file that is no whole number of inputs, and leaves nothing behind', async () => {
    writeFileSync(join(folder, 'short.f32'), new Uint8Array(100))
    const outcome = await run(['logits', 'short.f32', '--weights', weights, '-o', 'never.f32'])
    expect(outcome.stderr).toMatch(/short\.f32 has 100 bytes, not a multiple of the 49152/)
    expect(readdirSync(folder).filter((name) => name.includes('never'))).toEqual([])
  })
})

describe('inspect', () => {
  it('counts a published variant without weights', async () => {
    const found = await jsonOfProcess<{
      train: { params: number }
      deploy: Record<string, number>
      layers: { name: string }[]
    }>(['inspect', 's0'])
    expect(found.train.params).toBe(5_293_272)
    expect(found.deploy.params).toBe(2_078_504)
    expect(found.deploy.macs).toBe(275_110_400)
    expect(found.layers.at(-1)?.name).toBe('head')
  })

  it('counts a file, and prints a table', async () => {
    const { stdout } = await run(['inspect', weights])
    expect(stdout).toMatch(/stem\s+conv2d\s+1x16x32x32/)
    expect(stdout).toMatch(/train form +[\d,]+ parameters\ndeploy form +[\d,]+ parameters, [\d.]+ M MACs/)
  })
})

describe('reparam and export', () => {
  it('folds, verifies, and writes a file that loads', async () => {
    const result = await jsonOfProcess<{ maxAbsError: number; deploy: { params: number } }>([
      'reparam',
      weights,
      '-o',
      'folded.safetensors',
    ])
    expect(result.maxAbsError).toBeGreaterThan(0)
    expect(result.maxAbsError).toBeLessThan(1e-4)
    const folded = modelFromCheckpoint(readCheckpoint(readFileSync(join(folder, 'folded.safetensors'))))
    expect(folded.nodes.some((node) => node.op === 'batchNorm')).toBe(false)
    expect(folded.card?.labels).toEqual(['red', 'green', 'blue'])
  })

  it("writes a train form under timm's names, and refuses to unfold", async () => {
    await json(['export', weights, '--form', 'train', '--naming', 'timm', '-o', 'timm.safetensors'])
    expect(
      readCheckpoint(readFileSync(join(folder, 'timm.safetensors'))).tensors.has(
        'stem.conv_kxk.0.conv.weight',
      ),
    ).toBe(true)
    await json(['reparam', weights, '-o', 'folded.safetensors'])
    const outcome = await run(['export', 'folded.safetensors', '--form', 'train', '-o', 'never.safetensors'])
    expect(outcome.stderr).toMatch(/is folded already/)
  })

  it('writes ONNX that reads back, with the options of the format', async () => {
    await jsonOfProcess([
      'export',
      weights,
      '--format',
      'onnx',
      '--softmax',
      '--dynamic-batch',
      '-o',
      'tiny.onnx',
    ])
    const back = fromOnnx(readFileSync(join(folder, 'tiny.onnx')))
    expect(Object.keys(back.outputs)).toEqual(['probabilities'])
    expect(back.nodes.map((node) => node.op)).toContain('softmax')
    expect(back.nodes.map((node) => node.op)).not.toContain('batchNorm')
  })

  it('reparam writes safetensors alone', async () => {
    const outcome = await run(['reparam', weights, '-o', 'folded.onnx'])
    expect(outcome.stderr).toMatch(/reparam writes a \.safetensors file, not folded\.onnx; mobileone export/)
    expect(outcome.code).toBe(2)
    expect(readdirSync(folder)).not.toContain('folded.onnx')
  })

  it('reports a folder that does not exist', async () => {
    const outcome = await run(['reparam', weights, '-o', 'no/such/folder.safetensors'])
    expect(outcome.stderr).toMatch(/cannot write no\/such\/folder\.safetensors/)
    expect(outcome.code).toBe(1)
  })
})

describe('pull', () => {
  it('downloads once, then works offline; lists and clears', async () => {
    const bytes = toSafetensors(tiny)
    let requests = 0
    const server = await serve((path) => {
      requests++
      return path === '/tiny.safetensors' ? { type: 'application/octet-stream', body: bytes } : undefined
    })
    const url = `${server.url}/tiny.safetensors`
    try {
      const first = await jsonOfProcess<{ bytes: number; sha256: string; fromCache: boolean }>(['pull', url])
      expect(first).toMatchObject({ bytes: bytes.length, fromCache: false })
      const wrong = await run(['pull', url, '--sha256', '0'.repeat(64)])
      expect(wrong.code).toBe(1)
      expect(wrong.stderr).toContain(first.sha256)
    } finally {
      await server.close()
    }
    expect(requests).toBeGreaterThan(0)
    expect(await json(['inspect', url, '--offline'])).toMatchObject({ name: 'tiny' })
    expect((await run(['pull', '--list'])).stdout).toContain(url)
    await json(['pull', '--clear'])
    const outcome = await run(['inspect', url, '--offline'])
    expect(outcome.stderr).toMatch(/is not in the cache/)
    expect(outcome.code).toBe(1)
  })
})

describe('doctor', () => {
  it('tells what pages need for threads', async () => {
    expect((await runProgram(folder, ['doctor'])).stdout).toContain('Cross-Origin-Opener-Policy: same-origin')
  })
})
