import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { configFromWidths, inferShapes, initialize, mobileone, withCard } from '@mobileone/core'
import { lacking, python } from '@mobileone/testkit'
import { afterAll, describe, expect, test } from 'vitest'
import { toOnnx } from '../src/index.ts'
import { int8Model } from './support/int8-models.ts'
import { randomModel } from './support/random-model.ts'

const script = fileURLToPath(new URL('./support/check.py', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'mobileone-onnx-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Checked {
  readonly shapes: Readonly<Record<string, readonly (number | string)[]>>
  readonly metadata: Readonly<Record<string, string>>
}

/** Check files with onnx.checker and strict shape inference: every value's shape, and the metadata. */
function check(files: readonly Uint8Array[]): readonly Checked[] {
  const paths = files.map((bytes, index) => {
    const path = join(folder, `${index}.onnx`)
    writeFileSync(path, bytes)
    return path
  })
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

describe.skipIf(lacking('python'))('onnx.checker and strict shape inference', () => {
  test('accept 200 random networks, with the shapes the model has', () => {
    const models = Array.from({ length: 200 }, (_, index) => randomModel(index + 1))
    const results = check(models.map((model) => toOnnx(model)))
    for (const [index, model] of models.entries()) {
      const shapes = inferShapes(model)
      for (const [name, value] of Object.entries(model.outputs)) {
        expect(results[index]?.shapes[name], `seed ${index + 1}, ${name}`).toEqual(shapes[value])
      }
    }
  })

  test('accept layers in int8', () => {
    const models = Array.from({ length: 20 }, (_, index) => int8Model(index + 1))
    const results = check(models.map((model) => toOnnx(model)))
    for (const [index, model] of models.entries()) {
      const shapes = inferShapes(model)
      for (const [name, value] of Object.entries(model.outputs)) {
        expect(results[index]?.shapes[name], `seed ${index + 1}, ${name}`).toEqual(shapes[value])
      }
    }
  })

  test('accept a MobileOne with squeeze-and-excite in both forms, with every option', () => {
    const card = {
      author: 'A',
      labels: ['x'],
      preprocess: {
        size: [224, 224],
        resize: 256,
        interpolation: 'bilinear',
        mean: [0.5, 0.5, 0.5],
        std: [1, 1, 1],
      },
    } as const
    const config = configFromWidths({
      name: 'small',
      widths: [0.25, 0.25, 0.25, 0.25],
      branches: 2,
      squeezeExcite: [0, 0, 5, 1],
    })
    const models = (['train', 'deploy'] as const).map((form) =>
      withCard(initialize(mobileone(config, { form }), { seed: 1 }), card),
    )
    const all = { softmax: true, dynamicBatch: true, preprocess: { layout: 'nhwc', dtype: 'uint8' } } as const
    for (const model of models) {
      const [plain, full] = check([toOnnx(model), toOnnx(model, all)])
      expect(plain?.shapes.logits).toEqual([1, 1000])
      expect(full?.shapes.probabilities).toEqual(['batch', 1000])
      expect(full?.shapes['stage4.1.relu']).toEqual(['batch', 128, 7, 7])
      expect(full?.metadata).toMatchObject({ model_author: 'A', labels: '["x"]' })
    }
  })
})
