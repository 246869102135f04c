import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { hasIntegerLayers, type QuantizationReport } from '@mobileone/core'
import { fromOnnx } from '@mobileone/onnx'
import { goldenPath, lacking } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openProject, type Project, runProgram } from './program.ts'

const assets = fileURLToPath(new URL('../../../apps/demo/assets/', import.meta.url))
const clothes = join(assets, 'fashion-mnist.safetensors')

type Result = QuantizationReport & {
  readonly bytes: number
  readonly gzipBytes: number
  readonly floatBytes: number
  readonly unreadable?: readonly { readonly file: string }[]
}

let project: Project
beforeAll(async () => {
  project = await openProject()
})
afterAll(() => project.remove())

const bytesOf = (file: string) => new Uint8Array(readFileSync(join(project.folder, file)))
const model = (file: string) => modelFromCheckpoint(readCheckpoint(bytesOf(file)))

describe('quantize', () => {
  it('makes a file that every command reads', { timeout: 120_000 }, async () => {
    const { json, run } = project
    const pictures = join(assets, 'images')
    const result = await json<Result>(['quantize', clothes, '--photos', pictures, '-o', 'f.int8.safetensors'])
    const count = readdirSync(pictures).filter((name) => name.endsWith('.png')).length
    expect(result).toMatchObject({ form: 'w8a7', calibratedOn: 'samples', samples: Math.min(16, count) })
    expect(result.bytes).toBeLessThan(result.floatBytes / 3)
    expect(result.gzipBytes).toBeLessThan(result.bytes)
    expect(result.layers).toContainEqual(expect.objectContaining({ node: 'stage1.1', kind: 'int8' }))
    expect(result.layers).toContainEqual(expect.objectContaining({ kind: 'float', reason: 'depthwise' }))
    expect(hasIntegerLayers(model('f.int8.safetensors'))).toBe(true)

    const weights = ['--weights', 'f.int8.safetensors']
    const picture = join(pictures, '2-trouser.png')
    const [found] = await json<{ top: { label: string }[] }[]>(['classify', picture, ...weights])
    expect(found?.top[0]?.label).toBe('Trouser')
    expect((await run(['logits', picture, ...weights, '-o', 'l.f32'])).code).toBe(0)
    const refused = await run(['reparam', 'f.int8.safetensors', '-o', 'r.safetensors'])
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/int8 form.*no branches/)])
    const again = await run(['quantize', 'f.int8.safetensors', '-o', 'g.safetensors'])
    expect([again.code, again.stderr]).toEqual([
      1,
      expect.stringMatching(/int8 already; quantise the float model/),
    ])
    const exported = await run(['export', 'f.int8.safetensors', '-o', 'e.safetensors'])
    expect([exported.code, existsSync(join(project.folder, 'r.safetensors'))]).toEqual([0, false])
    expect(model('e.safetensors').weights).toEqual(model('f.int8.safetensors').weights)
  })

  it('makes a file that inspect tells of, layer by layer', { timeout: 60_000 }, async () => {
    const made = await project.run(['quantize', clothes, '-p', join(assets, 'images'), '-o', 'i.safetensors'])
    expect(made.code).toBe(0)
    const { layers } = await project.json<{
      layers: { name: string; op: string; weightBytes?: number; stored?: string }[]
    }>(['inspect', 'i.safetensors'])
    const stored = (layer: string) => layers.find(({ name }) => name === layer)
    expect(stored('stage1.1')).toMatchObject({ stored: 'int8, computed in integers' })
    expect(stored('stem')).toMatchObject({ stored: 'float32' })
    for (const { op, weightBytes, stored: type } of layers) {
      expect([weightBytes !== undefined && weightBytes > 0, type !== undefined], op).toEqual(
        Array(2).fill(op === 'conv2d' || op === 'linear'),
      )
    }
    const { stdout } = await project.run(['inspect', 'i.safetensors'])
    expect(stdout).toMatch(/stage1\.1 .*int8, computed in integers/)
    const float = await project.json<{ layers: object[] }>(['inspect', clothes])
    expect(float.layers.every((layer) => !('stored' in layer))).toBe(true)
  })

  it('makes a file that wasm computes in int8 or, as it is told, in float32', {
    timeout: 60_000,
  }, async () => {
    const made = await project.run([
      'quantize',
      clothes,
      '-p',
      join(assets, 'images'),
      '-o',
      'p8.safetensors',
    ])
    expect(made.code).toBe(0)
    const picture = join(assets, 'images/2-trouser.png')
    const logits = async (...flags: readonly string[]): Promise<Float32Array> => {
      const { code, stderr } = await project.run([
        'logits',
        picture,
        '-w',
        'p8.safetensors',
        '-o',
        'p.f32',
        ...flags,
      ])
      expect([code, stderr]).toEqual([0, expect.anything()])
      return new Float32Array(new Uint8Array(readFileSync(join(project.folder, 'p.f32'))).buffer)
    }
    const far = (a: Float32Array, b: Float32Array): number =>
      Math.max(...a.map((value, index) => Math.abs(value - b[index]!))) / Math.max(...b.map(Math.abs))
    const reference = await logits('--backend', 'reference')
    expect(far(await logits('--precision', 'int8'), reference)).toBeLessThan(2e-5)
    const float = far(await logits('--precision', 'float32'), reference)
    expect(float).toBeGreaterThan(1e-4)
    expect(float).toBeLessThan(0.2)
    const refused = await project.run([
      'logits',
      picture,
      '-w',
      'p8.safetensors',
      '-o',
      'q.f32',
      '--precision',
      'float16',
    ])
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/wasm is float32 or int8/)])
  })

  it('folds, takes weights alone, and prints what each layer loses', { timeout: 60_000 }, async () => {
    const { stdout, stderr, code } = await project.run([
      'quantize',
      'tiny.safetensors',
      '--weights-only',
      '-o',
      't.safetensors',
    ])
    expect(stderr).toBe('')
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/w8: 0 layers in integers.*t\.safetensors: .*gzipped, of/s),
    ])
    expect(hasIntegerLayers(model('t.safetensors'))).toBe(false)
  })

  it('tells pictures that cannot be read, and what few cost', { timeout: 60_000 }, async () => {
    const folder = join(project.folder, 'photographs')
    mkdirSync(folder)
    writeFileSync(join(folder, 'broken.png'), 'no picture')
    const args = ['quantize', 'tiny.safetensors', '-p', 'photographs', '-o', 'p.safetensors', '--json']
    const none = await project.run(args)
    expect([none.code, none.stderr]).toEqual([
      1,
      expect.stringMatching(/none of the 1 photographs can be read/),
    ])
    expect(existsSync(join(project.folder, 'p.safetensors'))).toBe(false)

    writeFileSync(join(folder, 'red.png'), readFileSync(join(project.folder, 'red.png')))
    const { stdout, stderr, code } = await project.run(args)
    expect(stderr).toMatch(/broken\.png.*another is taken/)
    expect(stderr).toMatch(/steps from 1 photograph cost accuracy.*--weights-only/)
    expect(code).toBe(0)
    const result = JSON.parse(stdout) as Result
    expect(result).toMatchObject({ samples: 1, unreadable: [{ file: expect.stringMatching(/broken/) }] })
  })

  it.each([
    [['-o', 'x.onnx'], 2, /writes a \.safetensors file/],
    [[], 2, /say where to write/],
    [['-o', 'x.safetensors', '--count', '0'], 2, /--count/],
    [['-o', 'x.safetensors', '-p', 'nowhere'], 1, /cannot read the folder nowhere/],
    [['-o', 'x.safetensors', '-p', 'empty'], 1, /no pictures and no IDX files in empty/],
  ])('refuses %j', async (args, code, message) => {
    mkdirSync(join(project.folder, 'empty'), { recursive: true })
    const outcome = await project.run(['quantize', 'tiny.safetensors', ...args])
    expect([outcome.code, outcome.stderr]).toEqual([code, expect.stringMatching(message)])
    expect(existsSync(join(project.folder, 'x.safetensors'))).toBe(false)
  })
})

it.skipIf(lacking('golden'))('S0 in int8 by the command line', { timeout: 180_000 }, async () => {
  const args = ['quantize', goldenPath('mobileone_s0.pth.tar'), '-p', goldenPath('imagenet-sample')]
  const { code, stdout, stderr } = await runProgram(project.folder, [
    ...args,
    '-o',
    's0.int8.safetensors',
    '--json',
  ])
  expect([code, stderr]).toEqual([0, ''])
  const result = JSON.parse(stdout) as Result
  expect(result).toMatchObject({ form: 'w8a7', samples: 16, comparedOn: 'heldOut', compared: 32 })
  expect(result.agreement).toBeGreaterThanOrEqual(0.85)
  expect(result.bytes).toBeLessThanOrEqual(2_200_000)
  expect(result.gzipBytes).toBeLessThanOrEqual(1_850_000)

  const made = async (output: string) => {
    const args = ['export', 's0.int8.safetensors', '-o', output, '--json']
    const outcome = await runProgram(project.folder, args)
    expect([outcome.code, outcome.stderr]).toEqual([0, ''])
    return JSON.parse(outcome.stdout) as { readonly bytes: number; readonly notes?: readonly string[] }
  }
  const int8 = model('s0.int8.safetensors')
  const onnx = await made('s0.onnx')
  expect(fromOnnx(bytesOf('s0.onnx')).weights).toEqual(int8.weights)
  // Weights that stay float are float16 here and float32 in the other two.
  const sizes = {
    onnx: onnx.bytes,
    tflite: (await made('s0.tflite')).bytes,
    coreml: (await made('s0.mlpackage')).bytes,
  }
  console.log(`S0 in int8: ${JSON.stringify({ safetensors: result.bytes, ...sizes })}`)
  for (const bytes of Object.values(sizes)) expect(bytes).toBeLessThanOrEqual(2_450_000)
  const mlmodel = await made('s0.mlmodel')
  expect(mlmodel.bytes).toBeGreaterThan(8_000_000)
  expect(mlmodel.notes).toEqual([expect.stringMatching(/int8 weights as floats.*\.mlpackage keeps/)])
})
