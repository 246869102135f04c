import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import {
  initialize,
  maxAbsDifference,
  mobileone,
  reparameterize,
  type Tensor,
  tensor,
  variants,
  withCard,
  withOutputs,
} from '@mobileone/core'
import {
  goldenPath,
  lacking,
  python,
  readGolden,
  readGoldenFloat32,
  readGoldenJson,
  smallModels,
} from '@mobileone/testkit'
import { afterAll, describe, expect, test } from 'vitest'
import { type CoreMLPackage, fromCoreML, interpretPackage, toCoreML } from '../src/index.ts'
import { readPackage, writePackage } from '../src/node.ts'
import { expectSameWeights } from './support/compressed.ts'
import { fullCard, narrowModel, tinyConfig, tinyModel, wideModel } from './support/models.ts'

const script = fileURLToPath(new URL('./support/check.py', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'mobileone-coreml-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Checked {
  readonly version: number
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly ops: Readonly<Record<string, number>>
}

async function check(packages: readonly CoreMLPackage[]): Promise<readonly Checked[]> {
  const paths = packages.map((_, index) => join(folder, `${index}.mlpackage`))
  for (const [index, item] of packages.entries()) await writePackage(paths[index] as string, item)
  const { status, stdout, stderr } = spawnSync(python, [script, ...paths], {
    encoding: 'utf8',
    maxBuffer: 1e8,
  })
  expect(status, stderr).toBe(0)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Checked)
}

const precisions = ['float32', 'float16', 'int8'] as const

describe.skipIf(lacking('python'))('coremltools loads', () => {
  // S1 to S3 are S0 with other widths.
  test('S0 and S4 in every precision', async () => {
    const packages = [variants.s0, variants.s4].flatMap((config) => {
      const graph = mobileone(config, { form: 'deploy' })
      const model = withCard(initialize(graph, { seed: 1 }), fullCard(1000, [224, 224]))
      return [
        toCoreML(model),
        ...(['float32', 'int8'] as const).map((precision) => toCoreML(model, { precision, embedding: true })),
      ]
    })
    const results = await check(packages)
    expect(results.map(({ version }) => version)).toEqual([6, 6, 7, 6, 6, 7])
    expect(results[0]?.ops).toMatchObject({ conv: 43, relu: 43, linear: 1, softmax: 1, classify: 1, cast: 2 })
    expect(results[3]?.ops.sigmoid).toBeGreaterThan(0)
    expect(results[5]?.ops.constexpr_affine_dequantize).toBeGreaterThan(30)
    expect(results[1]?.outputs).toEqual(['classLabel', 'classLabel_probs', 'embedding'])
  }, 300_000)

  test('odd sizes, few and many classes, several outputs, every target', async () => {
    const base = tinyModel()
    const sized = [
      [1, 1],
      [33, 29],
      [97, 97],
    ].map(([height = 0, width = 0]) =>
      tinyModel({ ...tinyConfig, input: { channels: 3, size: [height, width] } }),
    )
    const results = await check([
      ...sized.map((model) => toCoreML(model)),
      ...[1, 2, 21_000].map((classes) => toCoreML(tinyModel({ ...tinyConfig, classes }))),
      ...(['ios15', 'ios16', 'ios17', 'ios18'] as const).map((target) => toCoreML(base, { target })),
      ...(['ios16', 'ios17', 'ios18'] as const).map((target) =>
        toCoreML(wideModel(), { target, precision: 'int8' }),
      ),
      ...(lacking('golden') ? [] : smallModels).flatMap((name) => {
        const { input } = readGoldenJson<{ input: readonly number[] }>('small', `${name}.json`)
        const size = [input[2] ?? 0, input[3] ?? 0] as const
        const checkpoint = readCheckpoint(readGolden('small', `${name}.unfused.pth.tar`))
        const model = reparameterize(modelFromCheckpoint(checkpoint, { size }))
        return precisions.map((precision) => toCoreML(model, { precision }))
      }),
      ...precisions.map((precision) =>
        toCoreML(tinyModel({ ...tinyConfig, input: { channels: 5, size: [21, 40] } }), {
          precision,
          input: 'array',
        }),
      ),
      toCoreML(withOutputs(base, { logits: 'head', map: 'stage3.1.relu' }), {
        output: 'values',
        input: 'array',
      }),
    ])
    expect(results.slice(6, 10).map(({ version }) => version)).toEqual([6, 7, 8, 9])
    for (const { ops } of results.slice(10, 13)) expect(ops.constexpr_affine_dequantize).toBe(2)
    expect(results.at(-1)?.outputs).toEqual(['logits', 'map'])
  }, 300_000)
})

describe.skipIf(lacking('python'))('weights that coremltools compressed', () => {
  test('are those it takes out of them itself, in every form', async () => {
    const sources = (['ios16', 'ios18'] as const).map((target) => [
      target,
      join(folder, `${target}.mlpackage`),
    ])
    for (const [target = '', path = ''] of sources)
      await writePackage(path, toCoreML(narrowModel(), { target: target as 'ios16' }))
    const script = fileURLToPath(new URL('./support/compress.py', import.meta.url))
    const { status, stdout, stderr } = spawnSync(
      python,
      [script, folder, ...sources.map(([, path]) => path as string)],
      { encoding: 'utf8', maxBuffer: 1e8 },
    )
    expect(status, stderr).toBe(0)
    const forms = stdout.split('\n').filter((line) => line.startsWith('ios'))
    expect(forms.length).toBeGreaterThanOrEqual(15)
    for (const form of forms) {
      const [packed, dense] = [form, `${form}-dense`].map((name) => join(folder, `${name}.mlpackage`))
      expectSameWeights(
        fromCoreML(await readPackage(packed as string)),
        fromCoreML(await readPackage(dense as string)),
      )
    }
  }, 300_000)
})

describe.skipIf(lacking('golden', 'python', 'torch'))('what coremltools converts from PyTorch', () => {
  test.each([
    ['small/k4-odd.fused.pth.tar', [97, 97], 'small/k4-odd.input.f32', 'small/k4-odd.logits.f32', 1e-5],
    ['small/se.fused.pth.tar', [96, 96], 'small/se.input.f32', 'small/se.logits.f32', 1e-5],
    ['mobileone_s0.pth.tar', [224, 224], 's0-input-1x3x224x224.f32', 's0-logits-1000.f32', 1e-3],
  ] as const)(
    'gives the logits of PyTorch: %s',
    async (weights, [height, width], input, logits, tolerance) => {
      const path = join(folder, 'converted.mlpackage')
      const script = fileURLToPath(new URL('./support/convert.py', import.meta.url))
      const { status, stderr } = spawnSync(
        python,
        [script, goldenPath(weights), String(height), String(width), path],
        { encoding: 'utf8', maxBuffer: 1e8 },
      )
      expect(status, stderr).toBe(0)
      const source = await readPackage(path)
      const image = tensor([1, 3, height, width], readGoldenFloat32(input).slice(0, 3 * height * width))
      const model = fromCoreML(source)
      expect(model.nodes.filter(({ op }) => op === 'batchNorm')).toEqual([])
      for (const executor of [
        interpretPackage(source),
        interpretPackage(toCoreML(model, { precision: 'float32' })),
      ]) {
        const { logits: got } = await executor.run({ image })
        await executor.dispose()
        const wanted = readGoldenFloat32(logits).slice(0, got?.data.length)
        expect(maxAbsDifference(got as Tensor, tensor([1, wanted.length], wanted))).toBeLessThan(tolerance)
      }
    },
    300_000,
  )
})
