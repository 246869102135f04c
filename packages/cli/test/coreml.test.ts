import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toSafetensors } from '@mobileone/checkpoint'
import { type Tensor, tensor } from '@mobileone/core'
import { describeCoreML, fromCoreML } from '@mobileone/coreml'
import { readPackage } from '@mobileone/coreml/node'
import { goldenPath, lacking } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openProject, type Project, tiny } from './program.ts'

let project: Project
beforeAll(async () => {
  project = await openProject()
})
afterAll(() => project?.remove())

const path = (name: string): string => join(project.folder, name)
const read = (name: string): Float32Array => new Float32Array(new Uint8Array(readFileSync(path(name))).buffer)

interface Prediction {
  readonly label: string
  readonly score: number
}
const classify = async (weights: string, ...flags: readonly string[]): Promise<Prediction[]> => {
  const [result] = await project.json<{ top: Prediction[] }[]>([
    'classify',
    'red.png',
    '-w',
    weights,
    ...flags,
  ])
  return result?.top ?? []
}
const difference = (a: readonly Prediction[], b: readonly Prediction[]): number =>
  Math.max(
    ...a.map(({ label, score }) => Math.abs(score - (b.find((other) => other.label === label)?.score ?? 1))),
  )

describe('export --format coreml', () => {
  it('writes a package that takes an image and gives labels, and a Swift file that loads it', async () => {
    const result = await project.json<{ bytes: number; swift: string; format: string }>([
      'export',
      'tiny.safetensors',
      '-o',
      'Mine.mlpackage',
      '--swift',
      '--embedding',
      '--target',
      'ios16',
    ])
    expect(result).toMatchObject({ format: 'coreml', swift: 'Mine.swift' })
    const made = await readPackage(path('Mine.mlpackage'))
    expect(Object.values(made.files).reduce((sum, { length }) => sum + length, 0)).toBe(result.bytes)
    const described = describeCoreML(made)
    expect(described).toMatchObject({
      specificationVersion: 7,
      inputs: [{ name: 'image', type: { kind: 'image', width: 64, height: 64 } }],
      stored: { fp16: expect.any(Number) },
    })
    expect(described.outputs.map(({ name }) => name)).toContain('embedding')
    expect(fromCoreML(made).card?.labels).toEqual(['red', 'green', 'blue'])
    expect(readFileSync(path('Mine.swift'), 'utf8')).toContain('let resource = "Mine"')
    expect(readdirSync(project.folder).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it.each([
    ['float32', 'fp32'],
    ['int8', 'int8'],
  ])('--precision %s', async (precision, stored) => {
    const file = `${precision}.mlpackage`
    await project.json(['export', 'tiny.safetensors', '-o', file, '--precision', precision])
    expect(Object.keys(describeCoreML(await readPackage(path(file))).stored)).toContain(stored)
  })

  it('writes a zipped package, and the older single file', async () => {
    await project.json(['export', 'tiny.safetensors', '-o', 'tiny.mlpackage.zip', '--input', 'array'])
    const zipped = new Uint8Array(readFileSync(path('tiny.mlpackage.zip')))
    expect(describeCoreML(zipped).inputs[0]?.type.kind).toBe('multiArray')
    expect(await project.json(['export', 'tiny.safetensors', '-o', 'tiny.mlmodel'])).toMatchObject({
      format: 'mlmodel',
    })
    expect(describeCoreML(new Uint8Array(readFileSync(path('tiny.mlmodel')))).kind).toBe('neural network')
  })

  it('replaces a package, and nothing else', async () => {
    await project.json(['export', 'tiny.safetensors', '-o', 'again.mlpackage'])
    await project.json(['export', 'tiny.safetensors', '-o', 'again.mlpackage', '--precision', 'float32'])
    expect(describeCoreML(await readPackage(path('again.mlpackage'))).stored).toHaveProperty('fp32')
    writeFileSync(path('notes.mlpackage'), 'mine')
    const outcome = await project.run(['export', 'tiny.safetensors', '-o', 'notes.mlpackage'])
    expect(outcome.stderr).toMatch(
      /exists and is not a folder with Manifest\.json in it, so it is not replaced/,
    )
    expect(readFileSync(path('notes.mlpackage'), 'utf8')).toBe('mine')
  })

  it.each([
    [['-o', 'x.zip', '-f', 'coreml'], 2, /coreml ends in \.mlpackage\.zip or \.mlpackage; got "x\.zip"/],
    [
      ['-o', 'x.mlmodel', '-f', 'coreml'],
      2,
      /coreml ends in \.mlpackage\.zip or \.mlpackage; got "x\.mlmodel"/,
    ],
    [
      ['-o', 'my model.mlpackage', '--swift'],
      2,
      /with swift, the file is named with letters.*got "my model"/,
    ],
    [['-o', 'x.onnx', '--swift'], 2, /--swift is not an option of onnx; it takes --softmax, /],
    [['-o', 'x.mlpackage', '--softmax'], 2, /--softmax is not an option of coreml; it takes --precision, /],
    [
      ['-o', 'x.mlmodel', '--precision', 'int8'],
      2,
      /--precision of mlmodel is one of float32, float16; got "int8"/,
    ],
    [['-o', 'x.mlmodel', '--target', 'ios15'], 2, /--target is not an option of mlmodel/],
    [['-o', 'x.mlpackage', '--precision', 'int4'], 2, /--precision must be one of/],
    [
      ['-o', 'x.mlpackage', '--form', 'train'],
      1,
      /"stem\.scale\.bn" is a batch normalisation; fold the model first/,
    ],
  ])('%j is refused, and nothing is written', async (flags, code, message) => {
    const outcome = await project.run(['export', 'tiny.safetensors', ...flags])
    expect(outcome.stderr).toMatch(message)
    expect(outcome).toMatchObject({ code, stdout: '' })
    expect(
      readdirSync(project.folder).filter((name) => name.startsWith('x.') || name.startsWith('my')),
    ).toEqual([])
  })
})

describe('Core ML files as weights', () => {
  beforeAll(async () => {
    for (const file of ['full.mlpackage', 'full.mlpackage.zip', 'full.mlmodel'])
      await project.json(['export', 'tiny.safetensors', '-o', file, '--precision', 'float32'])
    await project.json(['export', 'tiny.safetensors', '-o', 'half.mlpackage'])
    await project.json([
      'export',
      'tiny.safetensors',
      '-o',
      'array.mlpackage',
      '--input',
      'array',
      '--embedding',
    ])
  })

  it.each(['full.mlpackage', 'full.mlpackage.zip', 'full.mlmodel'])(
    '%s is read, labels and preprocessing with it',
    async (file) => {
      expect(difference(await classify(file), await classify('tiny.safetensors'))).toBeLessThan(1e-5)
    },
  )

  it.each([
    ['full.mlpackage', 1e-4],
    ['full.mlpackage.zip', 1e-4],
    ['half.mlpackage', 1e-2],
    ['array.mlpackage', 1e-2],
  ])('--backend coreml runs the bytes of %s', async (file, tolerance) => {
    expect(difference(await classify(file, '-b', 'coreml'), await classify('tiny.safetensors'))).toBeLessThan(
      tolerance,
    )
  })

  it('logits of a classifier are those of the network but for a constant', async () => {
    const { shape, data } = tiny.weights['head.weight'] as Tensor
    const weights = {
      ...tiny.weights,
      'head.weight': tensor(
        shape,
        data.map((value) => value / 100),
      ),
    }
    writeFileSync(path('flat.safetensors'), toSafetensors({ ...tiny, weights }))
    await project.json(['export', 'flat.safetensors', '-o', 'flat.mlpackage', '--precision', 'float32'])
    await project.json(['logits', 'red.png', '-w', 'flat.mlpackage', '-b', 'coreml', '-o', 'a.f32'])
    await project.json(['logits', 'red.png', '-w', 'flat.safetensors', '-o', 'b.f32'])
    const [a, b] = [read('a.f32'), read('b.f32')]
    const constants = Array.from(a, (value, index) => value - (b[index] as number))
    expect(Math.max(...constants) - Math.min(...constants)).toBeLessThan(1e-3)
  })

  it.each([
    [['-w', 'full.mlmodel', '-b', 'coreml'], 1, /runs ML programs, and "tiny" is a neural network/],
    [
      ['-w', 'full.mlpackage', '-b', 'coreml', '--precision', 'int8'],
      2,
      /runs in the precision it was written in; leave --precision out/,
    ],
    [['-w', 'full.mlpackage', '-b', 'coreml', '--verify'], 2, /runs as it is, .*leave --verify out/],
    [['-w', 'full.mlpackage', '--sha256', 'aa'], 2, /--sha256 is of one file/],
    [['-w', 'none.mlpackage'], 1, /there is no file "none\.mlpackage"/],
  ])('%j is refused', async (flags, code, message) => {
    const outcome = await project.run(['classify', 'red.png', ...flags])
    expect(outcome.stderr).toMatch(message)
    expect(outcome.code).toBe(code)
  })

  it('a damaged package is named', async () => {
    writeFileSync(path('broken.mlmodel'), new Uint8Array([8, 6, 255, 255]))
    const outcome = await project.run(['inspect', 'broken.mlmodel'])
    expect(outcome.stderr).toMatch(/^mobileone: .*Core ML/)
    expect(outcome.code).toBe(1)
  })
})

describe('inspect of a Core ML file', () => {
  it('shows what is stored, and the layers', async () => {
    const { stdout } = await project.run(['inspect', 'half.mlpackage'])
    expect(stdout).toMatch(
      /^kind +ML program, specification 6 \(iOS 15, macOS 12\), [\d.]+ kB\ninput +image: rgb image of 64 x 64\n/,
    )
    expect(stdout).toMatch(/weights +[\d,]+ fp16/)
    expect(stdout).toMatch(/stem\s+conv2d\s+1x16x32x32/)
    const found = await project.json<{ layers: unknown[]; coreml: Record<string, unknown> }>([
      'inspect',
      'half.mlpackage',
    ])
    expect(found.layers.length).toBeGreaterThan(5)
    expect(found.coreml).toMatchObject({
      kind: 'ML program',
      specificationVersion: 6,
      metadata: { userDefined: { 'com.mobileone.precision': 'float16' } },
    })
  })

  it.skipIf(lacking('golden'))("reads coremltools' packages, and runs their bytes", async () => {
    const file = goldenPath('coreml', 'se-image-fp16.mlpackage')
    expect((await project.run(['inspect', file])).stdout).toMatch(/input +image: rgb image of 96 x 96/)
    const read = await classify(file, '--top', '3')
    const run = await classify(file, '--top', '3', '-b', 'coreml')
    expect(difference(read, run)).toBeLessThan(1e-2)
  })
})
