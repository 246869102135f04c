import { floatWeight, type Model, type Node, print, spec, tensor } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { fromOnnx, toOnnx } from '../src/index.ts'
import { dataType } from '../src/proto.ts'
import { file, node, weight } from './support/graph.ts'
import { int8Model } from './support/int8-models.ts'
import { randomInputs } from './support/random-model.ts'
import { expectClose, runOnnx, runReference, runtimes } from './support/run.ts'

const seeds = Array.from({ length: 20 }, (_, index) => index + 1)

describe.each(runtimes)('the int8 form in %s', (runtime) => {
  test('20 random networks give what the reference computes in integers', async () => {
    for (const seed of seeds) {
      const model = int8Model(seed)
      const inputs = randomInputs(model, seed)
      const bytes = toOnnx(model, { dynamicBatch: seed % 2 === 0 })
      expectClose(
        await runOnnx(runtime, bytes, inputs),
        await runReference(model, inputs),
        1e-5,
        print(model),
      )
    }
  }, 60_000)

  test('levels end at 0 and 127, and the middle of two is the even one', async () => {
    const model = pointwise({ op: 'relu', name: 'read', inputs: ['x'] })
    const levels = [-3, 0.4, 0.5, 0.6, 1.5, 126.4, 126.6, 128, 1e9]
    const x = tensor(
      [1, 1, 1, 9],
      Float32Array.from(levels, (level) => level / 4),
    )
    const [got, wanted] = [await runOnnx(runtime, toOnnx(model), { x }), await runReference(model, { x })]
    expect(Array.from(wanted.y?.data ?? [])).toEqual([0, 0, 1, 1, 2, 126, 127, 127, 127])
    expect(Array.from(got.y?.data ?? [])).toEqual([0, 0, 0, 1, 2, 126, 127, 127, 127])
  })
})

/** y = the level of x in steps of 1/4, of what `read` makes of it. */
function pointwise(read: Node): Model {
  const data = Int8Array.of(1)
  return {
    name: 'levels',
    inputs: { x: spec([1, 1, 1, 9]) },
    nodes: [
      read,
      {
        op: 'conv2d',
        name: 'y',
        inputs: [read.name],
        weight: 'w',
        stride: [1, 1],
        padding: [0, 0],
        dilation: [1, 1],
        groups: 1,
      },
    ],
    outputs: { y: 'y' },
    weights: {
      w: {
        dtype: 'int8',
        shape: [1, 1, 1, 1],
        data,
        scales: Float32Array.of(1),
        inputSteps: Float32Array.of(0.25),
      },
    },
  }
}

describe('reading the int8 form', () => {
  test('gives the same nodes, and the same weights bit for bit', () => {
    for (const seed of seeds) {
      const model = int8Model(seed)
      const read = fromOnnx(toOnnx(model))
      expect(read.nodes, print(model)).toEqual(model.nodes)
      // A padded layer with steps, and one of tokens, are stored in float32.
      const inFloat = ['padded.weight', 'mixed.weight'].map((name) => [name, floatWeight(model, name)])
      const stored = { ...model.weights, ...Object.fromEntries(inFloat) }
      expect(read.weights, print(model)).toEqual(stored)
    }
  })

  test('takes weights of others in 8 bits: unsigned, of one scale, or by columns', async () => {
    const bytes = (name: string, type: number, dims: readonly number[], raw: readonly number[]) => ({
      ...weight(name, dims, []),
      type,
      raw: Uint8Array.from(raw, (value) => value & 255),
    })
    const written = file({
      shape: [1, 2, 1, 1],
      nodes: [
        node('DequantizeLinear', ['a', 'a scale', 'a zero'], 'a float'),
        node('DequantizeLinear', ['bias', 'bias scale'], 'bias float'),
        node('Conv', ['x', 'a float', 'bias float'], 'conv'),
        node('Flatten', ['conv'], 'flat'),
        node('DequantizeLinear', ['b', 'b scale', 'b zero'], 'b float', { axis: 1 }),
        node('MatMul', ['flat', 'b float'], 'y'),
      ],
      weights: [
        bytes('a', dataType.uint8, [2, 2, 1, 1], [0, 255, 130, 128]),
        weight('a scale', [], [0.5]),
        bytes('a zero', dataType.uint8, [], [130]),
        {
          ...weight('bias', [2], []),
          type: dataType.int32,
          raw: new Uint8Array(Int32Array.of(10, -20).buffer),
        },
        weight('bias scale', [1], [0.25]),
        bytes('b', dataType.int8, [2, 3], [-128, 127, 3, 4, 5, -6]),
        weight('b scale', [3], [1, 0.5, 0.25]),
        bytes('b zero', dataType.int8, [3], [1, 0, -1]),
      ],
    })
    const model = fromOnnx(written)
    expect(model.weights).toEqual({
      a: {
        dtype: 'int8',
        shape: [2, 2, 1, 1],
        data: Int8Array.of(-128, 127, 2, 0),
        scales: Float32Array.of(0.5, 0.5),
        zeroPoints: Int8Array.of(2, 2),
      },
      bias: tensor([2], Float32Array.of(2.5, -5)),
      b: {
        dtype: 'int8',
        shape: [3, 2],
        data: Int8Array.of(-128, 4, 127, 5, 3, -6),
        scales: Float32Array.of(1, 0.5, 0.25),
        zeroPoints: Int8Array.of(1, 0, -1),
      },
    })
    const inputs = { x: tensor([1, 2, 1, 1], Float32Array.of(1, -2)) }
    expectClose(await runOnnx('onnxruntime-node', written, inputs), await runReference(model, inputs), 1e-5)
  })

  test.each([
    ['by rows of the outputs', 1, 0, 1536],
    ['by columns', 0, 1, 1536],
    ['of one scale', 0, 1, 1],
    ['along the inputs', 0, 0, 1024],
  ])('takes a large Gemm with factors, its weight in 8 bits %s', async (_, transB, axis, scales) => {
    const [inputs, outputs] = [1024, 1536]
    const bytes = Uint8Array.from({ length: inputs * outputs }, (_, index) => (index * 37) % 251)
    const written = file({
      shape: [1, inputs],
      nodes: [
        node('DequantizeLinear', ['w', 'w scale'], 'w float', { axis }),
        node('Gemm', ['x', 'w float', 'bias'], 'y', { transB, alpha: { float: 0.3 }, beta: { float: -2 } }),
      ],
      weights: [
        {
          ...weight('w', transB ? [outputs, inputs] : [inputs, outputs], []),
          type: dataType.int8,
          raw: bytes,
        },
        weight(
          'w scale',
          scales === 1 ? [] : [scales],
          Array.from({ length: scales }, (_, index) => 0.001 * (1 + (index % 5))),
        ),
        weight(
          'bias',
          [outputs],
          Array.from({ length: outputs }, (_, index) => index % 7),
        ),
      ],
    })
    const model = fromOnnx(written)
    const x = tensor(
      [1, inputs],
      Float32Array.from({ length: inputs }, (_, index) => (index % 11) / 11 - 0.5),
    )
    expectClose(await runOnnx('onnxruntime-node', written, { x }), await runReference(model, { x }), 1e-4)
    const isKept = scales === outputs
    expect(model.weights.w?.dtype ?? Object.values(model.weights)[0]?.dtype).toBe(isKept ? 'int8' : 'float32')
  })

  test('refuses activations in 8 bits of others, and steps that are part of no layer', () => {
    const zero = { ...weight('zero', [], []), type: dataType.int8, raw: new Uint8Array(1) }
    const pair = [
      node('QuantizeLinear', ['x', 'scale', 'zero'], 'q'),
      node('DequantizeLinear', ['q', 'scale', 'zero'], 'y'),
    ]
    expect(() => fromOnnx(file({ nodes: pair, weights: [weight('scale', [], [0.5]), zero] }))).toThrow(
      /QuantizeLinear q.*activations in 8 bits of another program.*its weights alone/,
    )
    const loose = [
      node('Div', ['x', 'steps'], 'd'),
      node('QuantizeLinear', ['d', 'one', 'zero'], 'q'),
      node('DequantizeLinear', ['q', 'one', 'zero'], 'n'),
      node('Relu', ['n'], 'y'),
    ]
    const weights = [weight('steps', [3, 1, 1]), weight('one', [], [1]), zero]
    expect(() => fromOnnx(file({ nodes: loose, weights }))).toThrow(/Relu y.*step of a layer in int8/)
    const apart = [...loose.slice(0, 3), node('Conv', ['n', 'w'], 'y')]
    const float = weight('w', [2, 3, 1, 1])
    expect(() => fromOnnx(file({ nodes: apart, weights: [...weights, float] }))).toThrow(
      /Conv y.*reads levels of int8 and is not pointwise/,
    )
  })

  test('refuses scales that do not fit', () => {
    const w = { ...weight('w', [2, 3, 1, 1], []), type: dataType.int8, raw: new Uint8Array(6) }
    const read = (scale: readonly number[], axis: number) => () =>
      fromOnnx(
        file({
          nodes: [node('DequantizeLinear', ['w', 'scale'], 'f', { axis }), node('Conv', ['x', 'f'], 'y')],
          weights: [w, weight('scale', [scale.length], scale)],
        }),
      )
    expect(read([1, 2, 3], 0)).toThrow(/3 scales for 2 channels along axis 0/)
    expect(read([1], 2)).not.toThrow()
    expect(read([1, 1], 2)).toThrow(/scales along axis 2 of \[2, 3, 1, 1\]/)
    expect(read([1, 1], -9)).toThrow(/scales along axis -9/)
  })
})
