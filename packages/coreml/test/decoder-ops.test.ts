import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeModel, normalInputs } from '@mobileone/conformance'
import { isMobileOneError, type Model, type Node, random, reference } from '@mobileone/core'
import { lacking, python } from '@mobileone/testkit'
import { describe, expect, test } from 'vitest'
import { fromCoreML, interpretPackage, lint, toCoreML } from '../src/index.ts'
import { fromMLModel, toMLModel } from '../src/mlmodel.ts'
import { writePackage } from '../src/node.ts'
import { buildSpecification } from '../src/write/to-coreml.ts'

const nodes: readonly Node[] = [
  { op: 'maxPool', name: 'overlapping', inputs: ['x'], kernel: [3, 3], stride: [2, 2], padding: [1, 1] },
  { op: 'maxPool', name: 'wide', inputs: ['x'], kernel: [1, 4], stride: [1, 3], padding: [0, 2] },
  { op: 'upsample', name: 'twice', inputs: ['x'], mode: 'nearest', scale: [2, 3] },
  { op: 'upsample', name: 'whole', inputs: ['x'], mode: 'nearest', size: [18, 7] },
  { op: 'upsample', name: 'linear', inputs: ['x'], mode: 'bilinear', size: [13, 4] },
  { op: 'upsample', name: 'corners', inputs: ['x'], mode: 'bilinear', alignCorners: true, scale: [2, 2] },
  { op: 'slice', name: 'channels', inputs: ['x'], axis: 1, start: 2, end: 5 },
  { op: 'slice', name: 'rows', inputs: ['x'], axis: 2, start: 3, end: 9 },
  { op: 'concat', name: 'joined', inputs: ['channels', 'x', 'channels'], axis: 1 },
  { op: 'concat', name: 'taller', inputs: ['x', 'rows'], axis: 2 },
  { op: 'concat', name: 'alone', inputs: ['x'], axis: 3 },
  { op: 'relu6', name: 'clipped', inputs: ['joined'] },
  { op: 'hardSigmoid', name: 'gate', inputs: ['x'] },
  { op: 'hardSwish', name: 'swish', inputs: ['taller'] },
  { op: 'affine', name: 'half', inputs: ['gate'], scale: 0.5, offset: 0 },
  { op: 'affine', name: 'next', inputs: ['half'], scale: 1, offset: -0.25 },
  { op: 'maximum', name: 'larger', inputs: ['x', 'next'] },
  { op: 'globalAvgPool', name: 'pool', inputs: ['larger'] },
  { op: 'slice', name: 'one', inputs: ['pool'], axis: 1, start: 0, end: 1 },
  { op: 'mul', name: 'by_item', inputs: ['larger', 'one'] },
  { op: 'add', name: 'by_channel', inputs: ['larger', 'pool'] },
  { op: 'add', name: 'by_one', inputs: ['by_item', 'one'] },
]
const inner = [
  'channels',
  'rows',
  'joined',
  'taller',
  'gate',
  'half',
  'next',
  'larger',
  'pool',
  'one',
  'by_item',
]
const shown = nodes.filter(({ name }) => !inner.includes(name))

/** Every node at odd sizes, each that no other reads an output. */
const model = makeModel({
  inputs: { x: [2, 6, 9, 7] },
  nodes,
  outputs: Object.fromEntries(shown.map(({ name }) => [name, name])),
})
const inputs = normalInputs(model, random(4))
for (const { data } of Object.values(inputs)) data.set(data.map((value) => 3 * value))

/** Without products: those of hardSwish come back as nodes. */
function opsOf({ nodes }: Model): readonly string[] {
  return nodes.flatMap(({ op }) => (op === 'mul' ? [] : [op === 'hardSwish' ? 'hardSigmoid' : op]))
}

async function outputsOf(
  of: Model,
): ReturnType<Awaited<ReturnType<ReturnType<typeof reference>['compile']>>['run']> {
  await using executor = await reference().compile(of)
  return await executor.run(inputs)
}

describe.each([
  ['float32', 1e-5],
  ['float16', 5e-2],
] as const)('the ops of decoders in %s', (precision, tolerance) => {
  const file = toCoreML(model, { precision })

  test('are interpreted as the reference has them', async () => {
    await using executor = interpretPackage(file)
    const [got, wanted] = [await executor.run(inputs), await outputsOf(model)]
    expect(Object.keys(got).sort()).toEqual(Object.keys(wanted).sort())
    for (const [name, { data, shape }] of Object.entries(wanted)) {
      expect(got[name]?.shape, name).toEqual(shape)
      const worst = data.reduce(
        (most, value, index) => Math.max(most, Math.abs(value - (got[name]?.data[index] as number))),
        0,
      )
      expect(worst, name).toBeLessThan(tolerance)
    }
  })

  test('pass the linter, and come back with the same results', async () => {
    const { specification, weights } = buildSpecification(model, { precision })
    expect(lint(specification, weights)).toEqual([])
    const read = fromCoreML(file)
    expect(opsOf(read)).toEqual(opsOf(model))
    const [got, wanted] = [await outputsOf(read), await outputsOf(model)]
    for (const [name, { data }] of Object.entries(wanted)) {
      expect(got[name]?.data.every((value, index) => Math.abs(value - (data[index] as number)) < 1e-6)).toBe(
        true,
      )
    }
  })
})

/** What the older single file holds: nearest pixels alone. */
const single: Model = {
  ...model,
  nodes: nodes.filter((node) => node.op !== 'upsample' || node.mode === 'nearest'),
  outputs: Object.fromEntries(
    Object.entries(model.outputs).filter(([name]) => name !== 'linear' && name !== 'corners'),
  ),
}

test('a single file comes back with the same nodes but for hardSwish, and the same results', async () => {
  const read = fromMLModel(toMLModel(single))
  expect(opsOf(read)).toEqual(opsOf(single))
  const [got, wanted] = [await outputsOf(read), await outputsOf(single)]
  expect(Object.keys(got).sort()).toEqual(Object.keys(wanted).sort())
  for (const [name, { data, shape }] of Object.entries(wanted)) {
    expect(got[name]?.shape, name).toEqual(shape)
    const differs = got[name]?.data.findIndex(
      (value, index) => !(Math.abs(value - (data[index] as number)) < 1e-5),
    )
    expect(differs, name).toBe(-1)
  }
  expect(() => toMLModel(model)).toThrow(/upsamples from 9 x 7 to 13 x 4, bilinear.*write a package/)
})

const refusals: readonly [what: string, node: Node, message: RegExp][] = [
  [
    'nearest pixels by a part of a factor',
    { op: 'upsample', name: 'u', inputs: ['x'], mode: 'nearest', size: [13, 7] },
    /node "u" upsamples from 9 x 7 to 13 x 7 by the nearest pixel.*use whole factors, or bilinear/,
  ],
  [
    'the corners of one pixel',
    { op: 'upsample', name: 'u', inputs: ['x'], mode: 'bilinear', alignCorners: true, size: [1, 7] },
    /node "u" upsamples from 9 x 7 to 1 x 7 with aligned corners/,
  ],
]
test.each(refusals)('%s are refused', (_, node, message) => {
  let error: unknown
  try {
    toCoreML(makeModel({ inputs: { x: [1, 2, 9, 7] }, nodes: [node] }))
  } catch (thrown) {
    error = thrown
  }
  expect(isMobileOneError(error) && error.code).toBe('unsupported')
  expect(String(error)).toMatch(message)
})

describe.skipIf(lacking('python'))('coremltools loads', () => {
  test('the ops of decoders, for every target', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mobileone-decoder-'))
    const script = fileURLToPath(new URL('./support/check.py', import.meta.url))
    try {
      const paths: string[] = []
      for (const target of ['ios15', 'ios16', 'ios17', 'ios18'] as const) {
        for (const precision of ['float32', 'float16'] as const) {
          const path = join(folder, `${target}-${precision}.mlpackage`)
          await writePackage(path, toCoreML(model, { target, precision }))
          paths.push(path)
        }
      }
      const file = join(folder, 'single.mlmodel')
      writeFileSync(file, toMLModel(single))
      const { status, stdout, stderr } = spawnSync(python, [script, ...paths, file], { encoding: 'utf8' })
      expect(status, stderr).toBe(0)
      const lines = stdout.trim().split('\n')
      expect(lines.length).toBe(paths.length + 1)
      expect(lines.pop()).toContain('"kind": "neuralNetwork"')
      for (const line of lines) {
        expect((JSON.parse(line) as { ops: unknown }).ops).toMatchObject({
          max_pool: 2,
          upsample_nearest_neighbor: 2,
          resize_bilinear: 2,
          slice_by_size: 3,
          maximum: 1,
          concat: 3,
          relu6: 1,
          sigmoid_hard: 2,
        })
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  }, 120_000)
})
