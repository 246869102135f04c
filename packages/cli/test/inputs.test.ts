import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toSafetensors } from '@mobileone/checkpoint'
import {
  configFromWidths,
  initialize,
  type Model,
  mobileone,
  reparameterize,
  variants,
} from '@mobileone/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Outcome, openProject, type Project, runProgram } from './program.ts'

let project: Project
beforeAll(async () => {
  project = await openProject()
  writeFileSync(at('broken.jpg'), 'not a picture')
})
afterAll(() => project?.remove())

const at = (name: string): string => join(project.folder, name)
const floats = (name: string): Float32Array => new Float32Array(new Uint8Array(readFileSync(at(name))).buffer)
const piped = (args: readonly string[], input: Uint8Array): Promise<Outcome> =>
  runProgram(project.folder, args, {}, undefined, input)

interface Item {
  readonly file: string
  readonly top?: readonly { readonly label: string; readonly score: number }[]
  readonly error?: string
}

describe('one bad picture', () => {
  it('does not lose the list of classify', async () => {
    const args = ['classify', 'red.png', 'broken.jpg', 'none.png', 'red.png', '-w', 'tiny.safetensors']
    const outcome = await project.run([...args, '--json'])
    expect(outcome.code).toBe(1)
    const items = JSON.parse(outcome.stdout) as Item[]
    expect(items.map(({ file }) => file)).toEqual(['red.png', 'broken.jpg', 'none.png', 'red.png'])
    expect(items.map((item) => Object.keys(item).join())).toEqual([
      'file,top',
      'file,error',
      'file,error',
      'file,top',
    ])
    expect(items[3]).toEqual(items[0])
    expect(items[2]?.error).toMatch(/none\.png does not exist/)
    expect(outcome.stderr.trim().split('\n')).toEqual(
      items.flatMap(({ error }) => (error === undefined ? [] : [`mobileone: ${error}`])),
    )
    const text = await project.run(args)
    expect([text.code, text.stdout.match(/^red\.png$/gm)?.length]).toEqual([1, 2])
  })

  it('from standard input does not lose the list either', async () => {
    const outcome = await piped(
      ['classify', 'red.png', '-', 'red.png', '-w', 'tiny.safetensors', '--json'],
      Buffer.from(''),
    )
    const items = JSON.parse(outcome.stdout) as Item[]
    expect([outcome.code, items.map(({ top }) => top?.length)]).toEqual([1, [3, undefined, 3]])
    expect(items[1]?.error).toMatch(/^standard input, from which a picture should come, is empty/)
  })

  it('does not lose an evaluation, which tells of it', async () => {
    for (const label of ['red', 'green']) {
      mkdirSync(at(`set/${label}`), { recursive: true })
      copyFileSync(at('red.png'), at(`set/${label}/a.png`))
    }
    writeFileSync(at('set/green/b.png'), 'not a picture')
    for (const name of ['green/c.png', 'blue', 'red/notes']) symlinkSync('gone', at(`set/${name}`))
    const outcome = await project.run(['eval', 'set', '-w', 'tiny.safetensors', '--json'])
    expect(outcome.code).toBe(1)
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      count: 2,
      unreadable: [
        { file: join('set', 'green', 'b.png'), error: expect.stringContaining('cannot be decoded') },
        { file: join('set', 'green', 'c.png'), error: expect.stringContaining('does not exist') },
      ],
    })
  })
})

it('tells of a missing picture before the weights are looked at', async () => {
  const weights = ['-w', 'no.safetensors']
  const one = await project.run(['classify', 'none.png', ...weights])
  expect(one).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^mobileone: none\.png does not exist .*\n$/),
  })
  const two = await project.run(['classify', 'none.png', 'no.jpg', ...weights, '--json'])
  expect(two.code).toBe(1)
  expect(JSON.parse(two.stdout)).toEqual(
    ['none.png', 'no.jpg'].map((file) => ({
      file,
      error: expect.stringContaining(`${file} does not exist`),
    })),
  )
  const some = await project.run(['classify', 'none.png', 'red.png', ...weights])
  expect(some.stderr).toMatch(/no\.safetensors/)
  for (const file of ['none.png', 'none.f32']) {
    const logits = await project.run(['logits', file, '-o', 'out.f32', ...weights])
    expect([logits.code, logits.stderr]).toEqual([1, expect.stringMatching(/^mobileone: .*none\.(png|f32)/)])
  }
  const evaluation = await project.run(['eval', 'nowhere', ...weights])
  expect(evaluation.stderr).toMatch(/^mobileone: cannot read the folder nowhere/)
  expect((await project.run(['classify', 'none.png'])).code).toBe(2)
})

describe('contradictions and slips', () => {
  const s0 = (): Uint8Array =>
    toSafetensors(initialize(mobileone({ ...variants.s0, classes: 2 }, { form: 'deploy' }), { seed: 1 }))

  it('--variant is that of the weights, which may have classes of their own', async () => {
    writeFileSync(at('zero.safetensors'), s0())
    const wrong = await project.run(['classify', 'red.png', '--variant', 's1', '-w', 'zero.safetensors'])
    expect(wrong).toMatchObject({ code: 2, stdout: '' })
    expect(wrong.stderr).toBe(
      'mobileone: --variant s1 contradicts --weights zero.safetensors, which are of s0; leave --variant out\n',
    )
    const bench = await project.run([
      'bench',
      '--variant',
      's1',
      '-w',
      'tiny.safetensors',
      '--against',
      'none',
    ])
    expect(bench).toMatchObject({ code: 2 })
    expect(bench.stderr).toMatch(/contradicts --weights tiny\.safetensors, which are of no published variant/)
    await project.json(['export', 'zero.safetensors', '-o', 'zero.onnx'])
    for (const weights of ['zero.safetensors', 'zero.onnx']) {
      const right = await project.run(['classify', 'red.png', '--variant', 's0', '-w', weights])
      expect(right).toMatchObject({ code: 0, stderr: '' })
    }
  })

  const threads = String(availableParallelism() + 1)
  it.each([
    [['help', 'bogus'], /there is no command "bogus"; the commands are classify, eval/],
    [['help', 'exprot'], /there is no command "exprot".*; did you mean export\?/],
    [['--help', 'bogus'], /there is no command "bogus"/],
    [['clasify', 'a.png'], /; did you mean classify\?/],
    [['classify', 'a.png', '--wieghts', 'x'], /Unknown option '--wieghts'; did you mean --weights\?/],
    [['classify', 'a.png', '--zzz'], /Unknown option '--zzz' \(see mobileone classify --help\)/],
    [['classify', 'a.png', '-b', 'wasn'], /--backend must be one of .*got "wasn"; did you mean wasm\?/],
    [['export', 'tiny.safetensors', '-o', 'a.onnx', '-f', 'onx'], /got "onx"; did you mean onnx\?/],
    [
      ['classify', 'a.png', '--variant', 's7'],
      /must be one of s0, s1, s2, s3, s4, mobilenetv1_100, .*; got "s7"\n/,
    ],
    [
      ['classify', 'red.png', '-w', 'tiny.safetensors', '--threads', threads],
      /--threads \d+ is more than the \d+ that this machine/,
    ],
    [
      ['bench', '-w', 'tiny.safetensors', '--threads', threads],
      /--threads \d+ is more than the \d+ that this machine/,
    ],
    [['pull', '--list', '--clear'], /--list and --clear exclude each other/],
    [['classify', 'red.png', '-w', 'tiny.safetensors', '--size', '9x'], /--size is a side or height x width/],
    [
      ['classify', 'red.png', '-w', 'tiny.safetensors', '--strides', '2'],
      /--strides are those of the stem and of each/,
    ],
    [
      ['classify', 'red.png', '-w', 'tiny.safetensors', '--strides', '2,2'],
      /has 2 strides; "tiny" has a stem and 4 stages/,
    ],
    [
      ['classify', 'red.png', '-w', 'tiny.safetensors', '--input-channels', '1'],
      /--input-channels 1 contradicts the weights: the input of "tiny" has 3 channels/,
    ],
    [['inspect', 's0', '--prefix', 'a.'], /--prefix is for a file of weights/],
    [
      ['classify', 'red.png', '-w', 'tiny.safetensors', '--threads', 'many'],
      /--threads of classify must be a whole number of at least 1 or auto; got "many"/,
    ],
    [
      ['classify', 'red.png', '-w', 'tiny.safetensors', '-b', 'tfjs', '--threads', 'auto'],
      /--threads is for --backend wasm and ort/,
    ],
  ])('%j', async (args, message) => {
    const outcome = await project.run(args)
    expect(outcome.stderr).toMatch(message)
    expect(outcome).toMatchObject({ code: 2, stdout: '' })
  })

  it('help of a command is its --help', async () => {
    expect((await project.run(['help', 'pull'])).stdout).toBe((await project.run(['pull', '--help'])).stdout)
  })
})

describe('-, standard input', () => {
  it('is a picture, or weights of any format', async () => {
    const plain = await project.json<Item[]>(['classify', 'red.png', '-w', 'tiny.safetensors'])
    const picture = await piped(
      ['classify', '-', '-w', 'tiny.safetensors', '--json'],
      readFileSync(at('red.png')),
    )
    expect(picture).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(picture.stdout)).toEqual([{ file: '-', top: plain[0]?.top }])

    await project.json(['export', 'tiny.safetensors', '-o', 'tiny.onnx'])
    await project.json(['export', 'tiny.safetensors', '-o', 'tiny.mlmodel'])
    await project.json(['export', 'tiny.safetensors', '-o', 'tiny.mlpackage.zip'])
    for (const name of ['tiny.safetensors', 'tiny.onnx', 'tiny.mlmodel', 'tiny.mlpackage.zip']) {
      const { code, stdout, stderr } = await piped(['inspect', '-', '--json'], readFileSync(at(name)))
      expect({ name, code, stderr }).toEqual({ name, code: 0, stderr: '' })
      expect(JSON.parse(stdout).layers.length).toBeGreaterThan(5)
    }
    const folded = await piped(
      ['reparam', '-', '-o', 'folded.safetensors', '--json'],
      readFileSync(at('tiny.safetensors')),
    )
    expect(folded).toMatchObject({ code: 0, stderr: '' })
  })

  it.each([
    [
      ['classify', '-', '-', '-w', 'tiny.safetensors'],
      'x',
      /- is standard input, which ends once it was read/,
    ],
    [['classify', '-', '-w', '-'], 'x', /the format of this file is not known/],
    [
      ['classify', '-', '-w', 'tiny.safetensors'],
      '',
      /standard input, from which a picture should come, is empty/,
    ],
    [['classify', '-', '-w', 'tiny.safetensors'], 'nonsense', /standard input cannot be decoded/],
    [['inspect', '-'], 'nonsense', /the format of this file is not known/],
  ])('%j with %j fails', async (args, input, message) => {
    const outcome = await piped(args, Buffer.from(input))
    expect(outcome.stderr).toMatch(message)
    expect(outcome.code).toBeGreaterThan(0)
  })

  it('hears Ctrl+C while it waits, and writes nothing', async () => {
    const main = fileURLToPath(new URL('../dist/main.mjs', import.meta.url))
    const child = spawn(process.execPath, [main, 'reparam', '-', '-o', 'late.safetensors'], {
      cwd: project.folder,
    })
    let stderr = ''
    child.stderr.on('data', (chunk) => (stderr += chunk))
    const start = readFileSync(at('tiny.safetensors')).subarray(0, 1000)
    // More than a pipe holds: once it is written, the program reads.
    child.stdin.write(Buffer.concat([start, Buffer.alloc(2 ** 20)]), () => child.kill('SIGINT'))
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect([code, existsSync(at('late.safetensors'))]).toEqual([130, false])
    expect(stderr).toBe('mobileone: reading weights from standard input was aborted\n')
  })
})

describe('ONNX and Core ML files as weights', () => {
  const closeTo = async (expected: Float32Array, args: readonly string[]): Promise<void> => {
    await project.json([...args, '-o', 'found.f32'])
    const found = floats('found.f32')
    for (const [index, value] of expected.entries()) expect(found[index]).toBeCloseTo(value, 3)
  }

  it('serve every command that takes weights, whatever their names', async () => {
    await project.json(['logits', 'red.png', '-w', 'tiny.safetensors', '-o', 'expected.f32'])
    const expected = floats('expected.f32')
    await project.json(['export', 'tiny.safetensors', '-o', 'a.onnx'])
    await project.json(['export', 'tiny.safetensors', '-o', 'a.mlpackage', '--precision', 'float32'])
    await project.json(['export', 'tiny.safetensors', '-o', 'a.mlmodel'])
    writeFileSync(at('onnx-by-content'), readFileSync(at('a.onnx')))
    writeFileSync(at('coreml-by-content'), readFileSync(at('a.mlmodel')))
    for (const weights of ['a.onnx', 'a.mlpackage', 'onnx-by-content', 'coreml-by-content'])
      await closeTo(expected, ['logits', 'red.png', '-w', weights])
    expect(
      await project.json(['eval', '.', '-w', 'a.onnx', '--limit', '1']).catch((error) => String(error)),
    ).toMatch(/the class of .* is unknown/)
    for (const weights of ['a.onnx', 'a.mlpackage']) {
      await project.json(['export', weights, '-o', 'again.tflite'])
      await project.json(['reparam', weights, '-o', 'again.safetensors'])
      await closeTo(expected, ['logits', 'red.png', '-w', 'again.safetensors'])
      expect(await project.json(['inspect', weights])).toMatchObject({ train: null })
      const { results } = await project.json<{ results: unknown[] }>([
        'bench',
        '-w',
        weights,
        '--against',
        'none',
        '--runs',
        '1',
      ])
      expect(results).toHaveLength(1)
    }
  }, 240_000)

  it.each(['--strides', '--prefix'])('%s is not for them', async (flag) => {
    await project.json(['export', 'tiny.safetensors', '-o', 'b.onnx'])
    const outcome = await project.run(['inspect', 'b.onnx', flag, '2,2,2,2,2'])
    expect(outcome).toMatchObject({ code: 2, stdout: '' })
    expect(outcome.stderr).toContain(`${flag} is for safetensors and PyTorch files`)
  })
})

describe('networks that are not 224 x 224 RGB', () => {
  /** Five channels, strides of its own, folded, under a prefix, and not a word about it in the file. */
  const config = {
    ...configFromWidths({
      name: 'odd',
      widths: [0.25, 0.25, 0.25, 0.25],
      blocks: [1, 1, 1, 1],
      branches: 1,
      classes: 4,
      inputSize: [40, 56],
      inputChannels: 5,
    }),
  }
  const odd = {
    ...config,
    stem: { ...config.stem, stride: 1 },
    stages: config.stages.map((stage, index) => ({ ...stage, stride: index === 1 ? 1 : 2 })),
  }
  const model: Model = reparameterize(
    initialize(mobileone(odd, { form: 'train' }), { seed: 3, statistics: 'random' }),
  )
  const flags = ['--size', '40x56', '--strides', '1,2,1,2,2', '--prefix', 'encoder.', '--input-channels', '5']

  /** safetensors with other keys and no metadata. */
  function anonymous(bytes: Uint8Array): Uint8Array {
    const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))
    const renamed = Object.entries(header).flatMap(([key, value]) =>
      key === '__metadata__' ? [] : [[`encoder.${key}`, value]],
    )
    let text = JSON.stringify(Object.fromEntries(renamed))
    text = text.padEnd(Math.ceil(text.length / 8) * 8)
    const size = new Uint8Array(8)
    new DataView(size.buffer).setBigUint64(0, BigInt(text.length), true)
    return Buffer.concat([size, Buffer.from(text), bytes.subarray(8 + length)])
  }

  beforeAll(() => {
    writeFileSync(at('own.safetensors'), toSafetensors(model))
    writeFileSync(at('odd.safetensors'), anonymous(toSafetensors(model)))
    const input = Float32Array.from({ length: 5 * 40 * 56 }, (_, index) => Math.sin(index))
    writeFileSync(at('odd.f32'), new Uint8Array(input.buffer))
  })

  it('give logits with the flags, and without them where the file tells', async () => {
    expect(await project.json(['logits', 'odd.f32', '-w', 'own.safetensors', '-o', 'own.out'])).toMatchObject(
      { shape: [1, 4] },
    )
    const outcome = await project.run([
      'logits',
      'odd.f32',
      '-w',
      'odd.safetensors',
      ...flags,
      '-o',
      'odd.out',
    ])
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    expect(floats('odd.out')).toEqual(floats('own.out'))
  })

  it('are read with a note where strides are assumed', async () => {
    const outcome = await project.run(['inspect', 'odd.safetensors', '--json'])
    expect(outcome.code).toBe(0)
    expect(outcome.stderr).toMatch(
      /strides are assumed, .*: 2 of the stem, 2 of stage 1, 2 of stage 2, 2 of stage 3, 2 of stage 4;/,
    )
    const told = await project.run(['inspect', 'odd.safetensors', '--strides', '1,2,1,2,2', '--json'])
    expect(told).toMatchObject({ code: 0, stderr: '' })
  })

  it('take another size than the one in the file, their pictures too', async () => {
    const found = await project.json<{ layers: { output: number[] }[] }>([
      'inspect',
      'tiny.safetensors',
      '--size',
      '96',
    ])
    expect(found.layers[0]?.output).toEqual([1, 16, 48, 48])
    await project.json(['classify', 'red.png', '-w', 'tiny.safetensors', '--size', '96x80'])
    await project.json(['export', 'tiny.safetensors', '-o', 'wide.onnx', '--size', '96x80'])
    expect(await project.json(['inspect', 'wide.onnx'])).toMatchObject({
      layers: expect.arrayContaining([expect.objectContaining({ output: [1, 16, 48, 40] })]),
    })
    await project.json(['inspect', 'wide.onnx', '--size', '64'])
    const variant = await project.json<{ layers: { output: number[] }[] }>([
      'inspect',
      's0',
      '--size',
      '128',
      '--input-channels',
      '1',
    ])
    expect(variant.layers[0]?.output).toEqual([1, 48, 64, 64])
  })
})

describe('an ONNX file that leaves height and width open', () => {
  /** `bytes` with the two 64s of [1, 3, 64, 64] in place of a number. */
  function opened(bytes: Uint8Array): Uint8Array {
    const side = [0x0a, 2, 0x08, 64]
    const at = Buffer.from(bytes).indexOf(Buffer.from([0x0a, 2, 0x08, 3, ...side, ...side]))
    expect(at).toBeGreaterThan(0)
    const open = [0x0a, 2, 0x12, 0]
    const copy = Uint8Array.from(bytes)
    copy.set([...open, ...open], at + 4)
    return copy
  }

  it('takes them from --size, without which the message asks for it', async () => {
    await project.json(['export', 'tiny.safetensors', '-o', 'sized.onnx'])
    writeFileSync(at('open.onnx'), opened(readFileSync(at('sized.onnx'))))
    const args = (weights: string, ...flags: string[]): string[] => ['inspect', weights, ...flags]
    for (const size of ['64', '96x80']) {
      const found = await project.json<{ layers: unknown }>(args('open.onnx', '--size', size))
      const wanted = await project.json<{ layers: unknown }>(args('sized.onnx', '--size', size))
      expect(found.layers).toEqual(wanted.layers)
    }
    const outcome = await project.run(args('open.onnx'))
    expect(outcome).toMatchObject({ code: 2, stdout: '' })
    expect(outcome.stderr).toMatch(
      /has the shape \[1, 3, .*; give the height and width .* with --size, as 224\n$/,
    )
  })
})
