import { readFileSync } from 'node:fs'
import { floatWeights, type Model, reparameterize, tensor, withInputs } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { fromOnnx, toOnnx } from '../src/index.ts'
import { difference, expectClose, runOnnx, runReference } from './support/run.ts'

/** Files of PyTorch's own exporter; fixtures/make.py says how they were made. */
function bytesOf(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`./fixtures/${name}`, import.meta.url)))
}

function floats(name: string): Float32Array {
  return new Float32Array(bytesOf(name).buffer)
}

function opCounts(model: Model): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { op } of model.nodes) counts[op] = (counts[op] ?? 0) + 1
  return counts
}

const plain = { globalAvgPool: 1, flatten: 1, linear: 1 }

describe('a MobileOne exported by PyTorch', () => {
  test.each([
    ['torch-fused', { conv2d: 5, relu: 5, ...plain }],
    ['torch-unfused', { conv2d: 12, batchNorm: 14, add: 9, relu: 5, ...plain }],
    // PyTorch folds the batch normalisations behind convolutions on its own in this one; those of the skips stay.
    ['torch-unfused-batch', { conv2d: 12, batchNorm: 2, add: 9, relu: 5, ...plain }],
    ['torch-se', { conv2d: 9, relu: 7, sigmoid: 2, mul: 2, ...plain, globalAvgPool: 3 }],
    ['torch-se-batch', { conv2d: 9, relu: 7, sigmoid: 2, mul: 2, ...plain, globalAvgPool: 3 }],
  ])('%s', async (name, ops) => {
    const bytes = bytesOf(`${name}.onnx`)
    const open = name.endsWith('-batch')
    const model = fromOnnx(bytes, open ? { batch: 2 } : {})
    expect(opCounts(model)).toEqual(ops)
    expect(model.inputs).toEqual({ image: { dtype: 'float32', shape: [2, 3, 33, 33] } })
    if (open) expect(fromOnnx(bytes).inputs.image?.shape).toEqual([1, 3, 33, 33])

    const image = tensor([2, 3, 33, 33], floats('mobileone.input.f32'))
    const wanted = { logits: tensor([2, 5], floats(`${name}.output.f32`)) }
    expectClose(await runReference(model, { image }), wanted, 1e-5)
    expectClose(await runOnnx('onnxruntime-node', bytes, { image }), wanted, 1e-5)
    expectClose(await runOnnx('onnxruntime-node', toOnnx(model), { image }), wanted, 1e-5)
  })

  test.each(['torch-unfused', 'torch-unfused-batch'])(
    '%s folds into one convolution a block',
    async (name) => {
      const model = fromOnnx(bytesOf(`${name}.onnx`), name.endsWith('-batch') ? { batch: 2 } : {})
      const folded = reparameterize(model)
      expect(opCounts(folded)).toEqual({ conv2d: 5, relu: 5, ...plain })
      const image = tensor([2, 3, 33, 33], floats('mobileone.input.f32'))
      expectClose(
        await runReference(folded, { image }),
        { logits: tensor([2, 5], floats(`${name}.output.f32`)) },
        1e-5,
      )
    },
  )

  test('can be read for another image size', async () => {
    const model = fromOnnx(bytesOf('torch-unfused-batch.onnx'))
    const larger = fromOnnx(bytesOf('torch-unfused-batch.onnx'), { shapes: { image: [3, 3, 47, 35] } })
    const image = tensor([3, 3, 47, 35])
    expectClose(
      await runReference(larger, { image }),
      await runReference(withInputs(model, { image: [3, 3, 47, 35] }), { image }),
      1e-9,
    )
  })
})

// The two common PyTorch programs, by TorchScript: fixtures/make-torchscript.py.
describe('a MobileOne of another program, exported by TorchScript', () => {
  const folded = { conv2d: 5, relu: 5, ...plain }
  const foldedTimm = { conv2d: 11, relu: 11, ...plain }
  const se = (convolutions: number, blocks: number): Record<string, number> => ({
    conv2d: convolutions + 2 * blocks,
    relu: convolutions + blocks,
    sigmoid: blocks,
    mul: blocks,
    ...plain,
    globalAvgPool: 1 + blocks,
  })
  test.each([
    ['apple-train', folded],
    ['apple-train-unfolded', folded],
    ['apple-train-se', se(5, 2)],
    ['apple-deploy-se', se(5, 2)],
    ['timm-train', foldedTimm],
    ['timm-train-unfolded', foldedTimm],
    ['timm-train-se', se(11, 11)],
    ['timm-deploy-se', se(11, 11)],
  ])('%s computes what PyTorch does, and folds', async (name, ops) => {
    const bytes = bytesOf(`${name}.onnx`)
    const model = fromOnnx(bytes, { batch: 2 })
    const image = tensor([2, 3, 33, 33], floats('mobileone.input.f32'))
    const wanted = { logits: tensor([2, 5], floats(`${name}.output.f32`)) }
    expectClose(await runReference(model, { image }), wanted, 1e-5)
    const fold = reparameterize(model)
    expect(opCounts(fold)).toEqual(ops)
    expectClose(await runReference(fold, { image }), wanted, 1e-5)
  })
})

test('the other spellings: GELU, SiLU, clamp, mean, matrix product and bias, softmax', async () => {
  const model = fromOnnx(bytesOf('torch-mixed.onnx'))
  expect(model.nodes.map((node) => node.op)).toEqual([
    'conv2d',
    'gelu',
    'conv2d',
    'silu',
    'relu',
    'globalAvgPool',
    'flatten',
    'linear',
    'softmax',
  ])
  const image = tensor([2, 3, 9, 9], floats('mixed.input.f32'))
  const wanted = { logits: tensor([2, 4], floats('torch-mixed.output.f32')) }
  expectClose(await runReference(model, { image }), wanted, 1e-5)
})

test('weights in every element type and field', () => {
  const model = fromOnnx(bytesOf('encodings.onnx'))
  const wanted = floats('encodings.output.f32')
  expect(Object.keys(model.weights).sort()).toEqual([
    'brain_data',
    'brain_raw',
    'double_data',
    'double_raw',
    'float_data',
    'float_raw',
    'half_data',
    'half_raw',
  ])
  for (const [name, { data }] of Object.entries(floatWeights(model))) {
    // bfloat16 was made by cutting off the lower half of a float32.
    if (name.startsWith('brain')) {
      const cut = new Float32Array(
        new Uint32Array(wanted.slice().buffer).map((bits) => bits & 0xffff_0000).buffer,
      )
      expect(data, name).toEqual(cut)
    } else expect(difference(data, wanted), name).toBe(0)
  }
})
