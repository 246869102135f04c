import { isMobileOneError, type Model, type Node, withBatch } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { decodeModel } from '../src/decode.ts'
import { fromOnnx, toOnnx } from '../src/index.ts'
import { dataType } from '../src/proto.ts'
import { type FileParts, file, integers, node, weight } from './support/graph.ts'
import { randomInputs, randomModel } from './support/random-model.ts'
import { randomTokens } from './support/random-tokens.ts'
import { expectClose, runOnnx, runReference } from './support/run.ts'

/** The model without its card and with its weights in order of name. */
function comparable(model: Model): unknown {
  const { card: _, ...rest } = model
  return {
    ...rest,
    weights: Object.fromEntries(Object.entries(model.weights).sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

describe('a model that was written and read again is the same', () => {
  test('300 random networks', () => {
    let kept = 0
    for (let seed = 1; seed <= 300; seed++) {
      const model = randomModel(seed)
      const read = fromOnnx(toOnnx(model))
      if (hasSpelledSilu(model) || hasGathered(model)) continue
      kept++
      expect(comparable(read), `seed ${seed}`).toEqual(comparable(model))
    }
    expect(kept).toBeGreaterThan(250)
  })

  test('40 networks of tokens, but that a transposed factor is a node of its own', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const model = randomTokens(seed)
      const read = fromOnnx(toOnnx(model))
      const bytes = toOnnx(read)
      expect(toOnnx(fromOnnx(bytes)), `seed ${seed}`).toEqual(bytes)
      const inputs = randomInputs(model, 7)
      expectClose(await runReference(read, inputs), await runReference(model, inputs), 1e-6, `seed ${seed}`)
      const open = fromOnnx(toOnnx(model, { dynamicBatch: true }), { batch: 2 })
      const doubled = withBatch(model, 2)
      const two = randomInputs(doubled, 7)
      expectClose(await runReference(open, two), await runReference(doubled, two), 1e-6, `seed ${seed}`)
    }
  })

  test('and writes the same bytes again', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const model = randomModel(seed)
      if (hasSpelledSilu(model) || hasGathered(model)) continue
      const bytes = toOnnx(model)
      expect(toOnnx(fromOnnx(bytes)), `seed ${seed}`).toEqual(bytes)
    }
  })

  test('with its card', () => {
    const card = {
      description: 'Ünïcode\n',
      author: 'A',
      licence: 'B',
      source: 'C',
      labels: ['', '"'],
      preprocess: { size: [3, 4], resize: 5, interpolation: 'bicubic', mean: [0.1], std: [0.3] },
    } as const
    expect(fromOnnx(toOnnx({ ...randomModel(1), card })).card).toEqual(card)
    expect(fromOnnx(toOnnx(randomModel(1)))).not.toHaveProperty('card')
  })

  test('with a batch left open', () => {
    const model = randomModel(8)
    const batch = model.inputs.image!.shape[0]!
    const bytes = toOnnx(model, { dynamicBatch: true })
    expect(comparable(fromOnnx(bytes, { batch }))).toEqual(comparable(model))
    expect(fromOnnx(bytes).inputs.image!.shape[0]).toBe(1)
  })
})

/** A sigmoid that only its own input is multiplied by reads back as one silu. */
function hasSpelledSilu(model: Model): boolean {
  const readers = (name: string): Node[] =>
    model.nodes.filter((other) => (other.inputs as readonly string[]).includes(name))
  return model.nodes.some(({ op, name, inputs }) => {
    const [reader, ...others] = readers(name)
    return (
      op === 'sigmoid' && reader?.op === 'mul' && others.length === 0 && reader.inputs.includes(inputs[0])
    )
  })
}

/** Nearest pixels that Resize would miss are gathered, rows and then columns, and read back as two upsamplings. */
function hasGathered(model: Model): boolean {
  return decodeModel(toOnnx(model)).graph.nodes.some(({ op }) => op === 'Gather')
}

interface Spelling extends FileParts {
  readonly ops: readonly Node['op'][]
  readonly input?: readonly number[]
}

const kernel = weight('w', [4, 3, 3, 3])
const erfGelu = (nodes: FileParts['nodes']): Spelling => ({
  nodes,
  ops: ['gelu'],
  weights: [
    weight('sqrt2', [], [Math.SQRT2]),
    weight('inverse', [1], [Math.SQRT1_2]),
    weight('one', [], [1]),
    weight('half', [1, 1, 1], [0.5]),
  ],
})

const spellings: Readonly<Record<string, Spelling>> = {
  'a convolution with every attribute': {
    ops: ['conv2d'],
    nodes: [
      node('Conv', ['x', 'w', 'b'], 'y', {
        auto_pad: 'NOTSET',
        dilations: [2, 1],
        group: 3,
        kernel_shape: [2, 3],
        pads: [1, 2, 1, 2],
        strides: [1, 2],
      }),
    ],
    weights: [weight('w', [6, 1, 2, 3]), weight('b', [6])],
  },
  'a convolution with no attribute': {
    ops: ['conv2d'],
    nodes: [node('Conv', ['x', 'w'], 'y')],
    weights: [kernel],
  },
  'auto_pad SAME_UPPER': {
    ops: ['conv2d'],
    nodes: [node('Conv', ['x', 'w'], 'y', { auto_pad: 'SAME_UPPER' })],
    weights: [kernel],
  },
  'auto_pad SAME_LOWER with stride': {
    ops: ['conv2d'],
    shape: [1, 3, 5, 7],
    nodes: [node('Conv', ['x', 'w'], 'y', { auto_pad: 'SAME_LOWER', strides: [2, 2] })],
    weights: [kernel],
  },
  'auto_pad VALID': {
    ops: ['conv2d'],
    nodes: [node('Conv', ['x', 'w'], 'y', { auto_pad: 'VALID' })],
    weights: [kernel],
  },
  'batch normalisation': {
    ops: ['batchNorm'],
    nodes: [
      node('BatchNormalization', ['x', 's', 'b', 'm', 'v'], 'y', {
        epsilon: { float: 0.001 },
        momentum: { float: 0.9 },
      }),
    ],
    weights: [weight('s', [3]), weight('b', [3]), weight('m', [3]), weight('v', [3])],
  },
  'Gemm, transposed': {
    ops: ['linear'],
    shape: [2, 3],
    nodes: [node('Gemm', ['x', 'w', 'b'], 'y', { transB: 1 })],
    weights: [weight('w', [4, 3]), weight('b', [4])],
  },
  'Gemm, not transposed, scaled': {
    ops: ['linear'],
    shape: [2, 3],
    nodes: [node('Gemm', ['x', 'w', 'b'], 'y', { alpha: { float: 0.5 }, beta: { float: -2 } })],
    weights: [weight('w', [3, 4]), weight('b', [1, 4])],
  },
  'Gemm with one bias for all': {
    ops: ['linear'],
    shape: [2, 3],
    nodes: [node('Gemm', ['x', 'w', 'b'], 'y')],
    weights: [weight('w', [3, 4]), weight('b', [1])],
  },
  'Gemm without bias': {
    ops: ['linear'],
    shape: [2, 3],
    nodes: [node('Gemm', ['x', 'w'], 'y')],
    weights: [weight('w', [3, 4])],
  },
  'one matrix used both ways round': {
    ops: ['linear', 'linear'],
    shape: [2, 3],
    nodes: [node('Gemm', ['x', 'w'], 'h'), node('Gemm', ['h', 'w'], 'y', { transB: 1 })],
    weights: [weight('w', [3, 4])],
  },
  MatMul: {
    ops: ['linear'],
    shape: [2, 3],
    nodes: [node('MatMul', ['x', 'w'], 'y')],
    weights: [weight('w', [3, 4])],
  },
  'MatMul and Add': {
    ops: ['linear'],
    shape: [2, 3],
    nodes: [node('MatMul', ['x', 'w'], 'h'), node('Add', ['b', 'h'], 'y')],
    weights: [weight('w', [3, 4]), weight('b', [4])],
  },
  'MatMul of a transposed constant, biased by a later one': {
    ops: ['linear'],
    shape: [2, 3],
    nodes: [
      node('Transpose', ['w'], 't', { perm: [1, 0] }),
      node('MatMul', ['x', 't'], 'h'),
      node('Constant', [], 'b', { value: weight('', [1, 4]) }),
      node('Add', ['h', 'b'], 'y'),
    ],
    weights: [weight('w', [4, 3])],
  },
  'MatMul read twice': {
    ops: ['linear', 'relu', 'add'],
    shape: [2, 3],
    nodes: [node('MatMul', ['x', 'w'], 'h'), node('Relu', ['h'], 'r'), node('Add', ['h', 'r'], 'y')],
    weights: [weight('w', [3, 4])],
  },
  'a sum of three': {
    ops: ['relu', 'sigmoid', 'add', 'add'],
    nodes: [node('Relu', ['x'], 'a'), node('Sigmoid', ['x'], 'b'), node('Sum', ['x', 'a', 'b'], 'y')],
  },
  'a sum of one': { ops: ['relu'], nodes: [node('Relu', ['x'], 'a'), node('Sum', ['a'], 'y')] },
  'Clip with inputs': {
    ops: ['relu'],
    nodes: [node('Clip', ['x', 'zero'], 'y')],
    weights: [weight('zero', [], [0])],
  },
  'Clip to the largest float': {
    ops: ['relu'],
    nodes: [node('Clip', ['x', 'zero', 'max'], 'y')],
    weights: [weight('zero', [], [0]), weight('max', [], [3.4028234663852886e38])],
  },
  'Clip to 6, with inputs': {
    ops: ['relu6'],
    nodes: [node('Clip', ['x', 'zero', 'six'], 'y')],
    weights: [weight('zero', [], [0]), weight('six', [], [6])],
  },
  'Clip to 6, with attributes': {
    ops: ['relu6'],
    opset: 9,
    nodes: [node('Clip', ['x'], 'y', { min: { float: 0 }, max: { float: 6 } })],
  },
  'HardSwish as torch spells it before opset 14': {
    ops: ['hardSigmoid', 'mul'],
    opset: 13,
    nodes: [
      node('HardSigmoid', ['x'], 'a', { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }),
      node('Mul', ['x', 'a'], 'y'),
    ],
  },
  'scalars, added and multiplied': {
    ops: ['affine', 'affine', 'affine', 'affine'],
    nodes: [
      node('Mul', ['x', 'two'], 'twice'),
      node('Add', ['one', 'twice'], 'line'),
      node('Sub', ['one', 'line'], 'back'),
      node('Div', ['back', 'two'], 'half'),
      node('Sub', ['half', 'one'], 'less'),
      node('Mul', ['less', 'two'], 'y'),
    ],
    weights: [weight('one', [], [1]), weight('two', [1], [2])],
  },
  'the largest of three, scaled': {
    ops: ['affine', 'maximum', 'maximum', 'globalAvgPool', 'add', 'slice', 'mul'],
    nodes: [
      node('Mul', ['x', 'c'], 'a'),
      node('Max', ['x', 'a', 'x'], 'b'),
      node('GlobalAveragePool', ['b'], 'p'),
      node('Add', ['p', 'b'], 's'),
      node('Slice', ['p', 'from', 'to', 'to'], 'g'),
      node('Mul', ['g', 's'], 'y'),
    ],
    weights: [weight('c', [1, 1, 1, 1], [-3]), integers('from', [0]), integers('to', [1])],
  },
  'a value read scaled and as it is': {
    ops: ['affine', 'mul'],
    nodes: [node('Mul', ['x', 'c'], 'a'), node('Mul', ['x', 'a'], 'y')],
    weights: [weight('c', [], [3])],
  },
  'MaxPool, with defaults': {
    ops: ['maxPool'],
    nodes: [node('MaxPool', ['x'], 'y', { kernel_shape: [2, 3] })],
  },
  'MaxPool, with a ceil_mode that changes nothing': {
    ops: ['maxPool'],
    nodes: [
      node('MaxPool', ['x'], 'y', { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1, storage_order: 0 }),
    ],
  },
  'MaxPool with auto_pad': {
    ops: ['maxPool'],
    nodes: [node('MaxPool', ['x'], 'y', { kernel_shape: [3, 3], auto_pad: 'SAME_UPPER' })],
  },
  'Resize by whole factors, by pixel centres': {
    ops: ['upsample'],
    nodes: [node('Resize', ['x', '', 'scales'], 'y', { nearest_mode: 'round_prefer_ceil' })],
    weights: [weight('scales', [4], [1, 1, 2, 3])],
  },
  'Resize of opset 10': {
    ops: ['upsample'],
    opset: 10,
    nodes: [node('Resize', ['x', 'scales'], 'y', { mode: 'nearest' })],
    weights: [weight('scales', [4], [1, 1, 2, 2])],
  },
  'Upsample of opset 9': {
    ops: ['upsample'],
    opset: 9,
    nodes: [node('Upsample', ['x', 'scales'], 'y')],
    weights: [weight('scales', [4], [1, 1, 3, 1])],
  },
  'Resize by a part of a factor, along two axes': {
    ops: ['upsample'],
    opset: 18,
    nodes: [
      node('Resize', ['x', '', 'scales'], 'y', {
        mode: 'linear',
        axes: [-1, 2],
        coordinate_transformation_mode: 'pytorch_half_pixel',
      }),
    ],
    weights: [weight('scales', [2], [1.5, 0.4])],
  },
  'Resize to the size of another map': {
    ops: ['conv2d', 'upsample', 'add'],
    nodes: [
      node('Conv', ['x', 'w'], 'small', { strides: [2, 2] }),
      node('Shape', ['x'], 'whole'),
      node('Slice', ['whole', 'two', 'end', 'zero'], 'spatial'),
      node('Concat', ['batch', 'spatial'], 'sizes', { axis: 0 }),
      node('Resize', ['small', 'none', 'none', 'sizes'], 'large', {
        mode: 'nearest',
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      }),
      node('Add', ['x', 'large'], 'y'),
    ],
    weights: [
      weight('w', [3, 3, 1, 1]),
      weight('none', [0]),
      integers('two', [2]),
      integers('end', [2 ** 62]),
      integers('zero', [0]),
      integers('batch', [2, 3]),
    ],
  },
  'Concat along negative axes': {
    ops: ['concat', 'concat'],
    nodes: [node('Concat', ['x', 'x'], 'a', { axis: -3 }), node('Concat', ['a'], 'y', { axis: -1 })],
  },
  'Slice along several axes, from the end and past it': {
    ops: ['slice', 'slice'],
    nodes: [node('Slice', ['x', 'starts', 'ends', 'axes', 'steps'], 'y')],
    weights: [
      integers('starts', [-3, 1, 0]),
      integers('ends', [2 ** 62, -1, 2]),
      integers('axes', [3, -2, 0]),
      integers('steps', [1, 1, 1]),
    ],
  },
  'a channel shuffle, as PyTorch traces it': {
    ops: ['concat', 'channelShuffle'],
    nodes: [
      node('Concat', ['x', 'x'], 'both', { axis: 1 }),
      node('Reshape', ['both', 'apart'], 'grouped'),
      node('Transpose', ['grouped'], 'turned', { perm: [0, 2, 1, 3, 4] }),
      node('Reshape', ['turned', 'together'], 'y'),
    ],
    weights: [integers('apart', [2, 2, 3, 5, 6]), integers('together', [2, -1, 5, 6])],
  },
  'Slice of opset 9': {
    ops: ['slice'],
    opset: 9,
    nodes: [node('Slice', ['x'], 'y', { starts: [1], ends: [3], axes: [1] })],
  },
  'Split in equal parts': {
    ops: ['slice', 'slice', 'add'],
    nodes: [node('Split', ['x'], ['a', 'b'], { axis: -1 }), node('Add', ['a', 'b'], 'y')],
  },
  'Split in given parts, one of them unread': {
    ops: ['slice', 'slice', 'concat'],
    nodes: [
      node('Split', ['x', 'parts'], ['a', 'b', 'c'], { axis: 2 }),
      node('Concat', ['c', 'a'], 'y', { axis: 2 }),
    ],
    weights: [integers('parts', [1, 3, 1])],
  },
  'Gather of channels that stand together': {
    ops: ['slice'],
    nodes: [node('Gather', ['x', 'list'], 'y', { axis: 1 })],
    weights: [integers('list', [1, -1])],
  },
  'Gather of rows that repeat': {
    ops: ['upsample'],
    nodes: [node('Gather', ['x', 'list'], 'y', { axis: 2 })],
    weights: [integers('list', [0, 0, 1, 2, 2, 3, 4])],
  },
  'Clip with attributes': {
    ops: ['relu'],
    opset: 9,
    nodes: [node('Clip', ['x'], 'y', { min: { float: 0 } })],
  },
  'GELU as PyTorch spells it': erfGelu([
    node('Div', ['x', 'sqrt2'], 'a'),
    node('Erf', ['a'], 'b'),
    node('Add', ['b', 'one'], 'c'),
    node('Mul', ['x', 'c'], 'd'),
    node('Mul', ['d', 'half'], 'y'),
  ]),
  'GELU, half of x first': erfGelu([
    node('Mul', ['half', 'x'], 'h'),
    node('Mul', ['x', 'inverse'], 'a'),
    node('Erf', ['a'], 'b'),
    node('Add', ['one', 'b'], 'c'),
    node('Mul', ['c', 'h'], 'y'),
  ]),
  'GELU, half of the erf': erfGelu([
    node('Mul', ['x', 'inverse'], 'a'),
    node('Erf', ['a'], 'b'),
    node('Add', ['b', 'one'], 'c'),
    node('Mul', ['c', 'half'], 'd'),
    node('Mul', ['d', 'x'], 'y'),
  ]),
  SiLU: { ops: ['silu'], nodes: [node('Sigmoid', ['x'], 's'), node('Mul', ['s', 'x'], 'y')] },
  'a sigmoid read twice': {
    ops: ['sigmoid', 'mul', 'add'],
    nodes: [node('Sigmoid', ['x'], 's'), node('Mul', ['x', 's'], 'm'), node('Add', ['m', 's'], 'y')],
  },
  'a gate in first place': {
    ops: ['globalAvgPool', 'mul'],
    nodes: [node('GlobalAveragePool', ['x'], 'g'), node('Mul', ['g', 'x'], 'y')],
  },
  'ReduceMean with axes as attribute': {
    ops: ['globalAvgPool'],
    nodes: [node('ReduceMean', ['x'], 'y', { axes: [2, 3] })],
  },
  'ReduceMean with axes as input, counted from the end': {
    ops: ['globalAvgPool'],
    opset: 18,
    nodes: [node('ReduceMean', ['x', 'axes'], 'y')],
    weights: [integers('axes', [-1, -2])],
  },
  'ReduceMean that drops the axes': {
    ops: ['globalAvgPool', 'flatten'],
    nodes: [node('ReduceMean', ['x'], 'y', { axes: [-2, -1], keepdims: 0 })],
  },
  'AveragePool over the whole map': {
    ops: ['globalAvgPool'],
    nodes: [node('AveragePool', ['x'], 'y', { kernel_shape: [5, 6], strides: [5, 6] })],
  },
  'Flatten counted from the end': { ops: ['flatten'], nodes: [node('Flatten', ['x'], 'y', { axis: -3 })] },
  'Reshape to [N, -1]': {
    ops: ['flatten'],
    nodes: [node('Reshape', ['x', 's'], 'y')],
    weights: [integers('s', [2, -1])],
  },
  'Reshape to [0, -1]': {
    ops: ['flatten'],
    nodes: [node('Reshape', ['x', 's'], 'y')],
    weights: [integers('s', [0, -1])],
  },
  'Reshape to [-1, C]': {
    ops: ['flatten'],
    nodes: [node('Reshape', ['x', 's'], 'y')],
    weights: [integers('s', [-1, 90])],
  },
  'Reshape to its own shape': {
    ops: ['relu'],
    nodes: [node('Relu', ['x'], 'r'), node('Reshape', ['r', 's'], 'y')],
    weights: [integers('s', [0, 3, -1, 6])],
  },
  'Squeeze after pooling': {
    ops: ['globalAvgPool', 'flatten'],
    nodes: [node('GlobalAveragePool', ['x'], 'g'), node('Squeeze', ['g', 'axes'], 'y')],
    weights: [integers('axes', [2, -1])],
  },
  'a bias with an axis added in front': {
    ops: ['linear'],
    shape: [2, 2],
    nodes: [
      node('Unsqueeze', ['b', 'axes'], 'row'),
      node('MatMul', ['x', 'w'], 'h'),
      node('Add', ['h', 'row'], 'y'),
    ],
    weights: [weight('w', [2, 2], [1, 0, 0, 1]), weight('b', [2], [10, 20]), integers('axes', [-2])],
  },
  'a kernel without an axis': {
    ops: ['conv2d'],
    opset: 12,
    nodes: [node('Squeeze', ['w'], 'k', { axes: [1] }), node('Conv', ['x', 'k'], 'y')],
    weights: [weight('w', [4, 1, 3, 1, 1])],
  },
  'the scale of a residual branch': {
    ops: ['relu', 'conv2d', 'add', 'conv2d', 'add'],
    nodes: [
      node('Relu', ['x'], 'f'),
      node('Mul', ['f', 'gamma'], 'scaled'),
      node('Add', ['x', 'scaled'], 'a'),
      node('Mul', ['gamma', 'a'], 'again'),
      node('Add', ['again', 'f'], 'y'),
    ],
    weights: [weight('gamma', [3, 1, 1])],
  },
  'view(size(0), -1) as it is traced': {
    ops: ['flatten'],
    shape: ['batch', 3, 5, 6],
    input: [1, 3, 5, 6],
    nodes: [
      node('Shape', ['x'], 'a'),
      node('Gather', ['a', 'zero'], 'b', { axis: 0 }),
      node('Unsqueeze', ['b', 'zeros'], 'c'),
      node('Constant', [], 'd', { value_ints: [-1] }),
      node('Concat', ['c', 'd'], 'e', { axis: 0 }),
      node('Reshape', ['x', 'e'], 'y'),
    ],
    weights: [integers('zero', [0], []), integers('zeros', [0])],
  },
  'Dropout with its training input off': {
    ops: ['relu'],
    nodes: [
      node('Constant', [], 'off', { value: { ...integers('', [0], []), type: dataType.bool } }),
      node('Dropout', ['x', '', 'off'], 'a'),
      node('Relu', ['a'], 'y'),
    ],
  },
  'Identity and Dropout': {
    ops: ['relu'],
    nodes: [
      node('Identity', ['x'], 'a'),
      node('Dropout', ['a'], 'b'),
      node('Relu', ['b'], 'c'),
      node('Identity', ['c'], 'y'),
    ],
  },
  'a constant through Identity': {
    ops: ['linear', 'linear'],
    shape: [2, 3],
    nodes: [node('Identity', ['w'], 'v'), node('Gemm', ['x', 'w'], 'h'), node('Gemm', ['h', 'v'], 'y')],
    weights: [weight('w', [3, 3])],
  },
  'Cast between float types': {
    ops: ['relu'],
    nodes: [node('Cast', ['x'], 'a', { to: dataType.float }), node('Relu', ['a'], 'y')],
  },
  'Softmax over the last axis': { ops: ['softmax'], shape: [2, 3], nodes: [node('Softmax', ['x'], 'y')] },
  'Softmax before opset 13': {
    ops: ['softmax'],
    opset: 11,
    shape: [2, 3],
    nodes: [node('Softmax', ['x'], 'y')],
  },
  'Gelu of opset 20': { ops: ['gelu'], opset: 20, nodes: [node('Gelu', ['x'], 'y')] },
  'nodes that no output needs': {
    ops: ['relu'],
    nodes: [node('LSTM', ['x'], 'unused'), node('Relu', ['x'], 'y')],
  },
}

describe('spellings, against onnxruntime-node', () => {
  test.each(Object.entries(spellings))('%s', async (_, { ops, input, ...parts }) => {
    const bytes = file(parts)
    const model = fromOnnx(bytes)
    expect(model.nodes.map((made) => made.op)).toEqual(ops)
    const inputs = randomInputs(model, 2)
    if (input) expect(model.inputs.x?.shape).toEqual(input)
    // The one graph here that is not whole: onnxruntime refuses an LSTM without weights.
    if (parts.nodes.some(({ op }) => op === 'LSTM')) return
    const wanted = await runOnnx('onnxruntime-node', bytes, inputs)
    expectClose(await runReference(model, inputs), wanted, 1e-5)
    expectClose(await runOnnx('onnxruntime-node', toOnnx(model), inputs), wanted, 1e-5)
  })
})

/** One Resize of the input by factors. */
function resizing(
  attributes: Readonly<Record<string, number | string>>,
  scales: readonly number[],
): FileParts {
  return {
    opset: 18,
    nodes: [node('Resize', ['x', '', 'scales'], 'y', attributes)],
    weights: [weight('scales', [4], scales)],
  }
}

const refusals: Readonly<Record<string, readonly [FileParts, RegExp]>> = {
  'unknown ops, all of them by name': [
    {
      nodes: [
        node('LRN', ['x'], 'a'),
        node('Einsum', ['a'], 'b'),
        node('LRN', ['b'], 'c'),
        { ...node('Fused', ['c'], 'y'), domain: 'com.microsoft' },
      ],
    },
    /it uses LRN \("LRN a", "LRN c"\), Einsum \("Einsum b"\), com\.microsoft\.Fused \("Fused y"\); the ops that can be read are Add, /,
  ],
  'asymmetric pads': [
    { nodes: [node('Conv', ['x', 'w'], 'y', { pads: [0, 0, 1, 1] })], weights: [kernel] },
    /node "Conv y" \(Conv\): pads of top 0, left 0, bottom 1, right 1/,
  ],
  'asymmetric auto_pad': [
    {
      shape: [1, 3, 6, 6],
      nodes: [node('Conv', ['x', 'w'], 'y', { auto_pad: 'SAME_UPPER', strides: [2, 2] })],
      weights: [kernel],
    },
    /pads of top 0, left 0, bottom 1, right 1/,
  ],
  'a 3-D convolution': [
    {
      shape: [1, 3, 6, 6, 6],
      nodes: [node('Conv', ['x', 'w'], 'y')],
      weights: [weight('w', [4, 3, 1, 1, 1])],
    },
    /a 3-D convolution/,
  ],
  'computed weights': [
    { nodes: [node('Relu', ['x'], 'w'), node('Conv', ['x', 'w'], 'y')] },
    /input 1 \("w"\) must be a constant float tensor/,
  ],
  'external data': [
    { nodes: [node('Conv', ['x', 'w'], 'y')], weights: [{ ...kernel, external: true }] },
    /"w" keeps its elements in another file; save the model as one file/,
  ],
  'quantised weights': [
    { nodes: [node('Conv', ['x', 'w'], 'y')], weights: [{ ...kernel, type: 17 }] },
    /"w" has element type 17 .*int8 and uint8 weights can be read/,
  ],
  transA: [
    { shape: [3, 2], nodes: [node('Gemm', ['x', 'w'], 'y', { transA: 1 })], weights: [weight('w', [3, 4])] },
    /transA = 1/,
  ],
  'a bias of one number per row': [
    {
      shape: [2, 3],
      nodes: [node('Gemm', ['x', 'w', 'b'], 'y')],
      weights: [weight('w', [3, 4]), weight('b', [2, 1])],
    },
    /a bias of shape \[2, 1\] for 4 outputs/,
  ],
  'a product of two matrices that the network makes': [
    { shape: [2, 2], nodes: [node('MatMul', ['x', 'x'], 'y')] },
    /a matrix product of \[2, 2\] and \[2, 2\]/,
  ],
  'a matrix product times a tensor': [
    {
      shape: [2, 2, 2],
      nodes: [node('MatMul', ['x', 'x'], 'p'), node('Mul', ['p', 'w'], 'y')],
      weights: [weight('w', [2])],
    },
    /a matrix product times a tensor; only a number is supported/,
  ],
  'a normalisation over several axes': [
    { nodes: [node('LayerNormalization', ['x', 'w'], 'y', { axis: 2 })], weights: [weight('w', [5, 6])] },
    /from axis 2; only the last axis is supported/,
  ],
  'a weight expanded to more than the batch': [
    {
      shape: [2, 3, 4],
      nodes: [node('Expand', ['w', 's'], 'e'), node('Add', ['x', 'e'], 'y')],
      weights: [weight('w', [1, 1, 4]), integers('s', [2, 3, 4])],
    },
    /expands \[1, 1, 4\] to \[2, 3, 4\]; only \[1, \.\.\.\] to the batch is supported/,
  ],
  'a bias with an axis added behind': [
    {
      shape: [2, 2],
      nodes: [
        node('Unsqueeze', ['b', 'axes'], 'column'),
        node('MatMul', ['x', 'w'], 'h'),
        node('Add', ['h', 'column'], 'y'),
      ],
      weights: [weight('w', [2, 2]), weight('b', [2], [10, 20]), integers('axes', [1])],
    },
    /a bias of shape \[2, 1\] for 2 outputs/,
  ],
  'a bias with all axes but one dropped': [
    {
      shape: [2, 2],
      nodes: [
        node('Squeeze', ['b'], 'column', { axes: [1] }),
        node('MatMul', ['x', 'w'], 'h'),
        node('Add', ['h', 'column'], 'y'),
      ],
      opset: 12,
      weights: [weight('w', [2, 2]), weight('b', [2, 1, 1], [10, 20])],
    },
    /a bias of shape \[2, 1\] for 2 outputs/,
  ],
  'a size picked from a table': [
    {
      nodes: [node('Gather', ['table', 'one'], 'sizes', { axis: 0 }), node('Reshape', ['x', 'sizes'], 'y')],
      weights: [integers('table', [2, 3, 30, 2, 6, 15], [2, 3]), integers('one', [1])],
    },
    /node "Gather sizes" \(Gather\): a constant of shape \[2, 3\]; only lists are supported/,
  ],
  'sizes joined to a table': [
    {
      nodes: [node('Concat', ['table', 'table'], 'sizes', { axis: 1 }), node('Reshape', ['x', 'sizes'], 'y')],
      weights: [integers('table', [2, 90], [1, 2])],
    },
    /node "Concat sizes" \(Concat\): a constant of shape \[1, 2\]; only lists are supported/,
  ],
  'batch normalisation of sequences': [
    {
      shape: [2, 3, 5],
      nodes: [node('BatchNormalization', ['x', 's', 's', 's', 's'], 'y')],
      weights: [weight('s', [3])],
    },
    /normalises \[2, 3, 5\]; only \[N, C, H, W\] and \[N, C\] are supported/,
  ],
  'a pool over sequences': [
    { shape: [2, 3, 5], nodes: [node('GlobalAveragePool', ['x'], 'y')] },
    /a pool over \[2, 3, 5\]; only \[N, C, H, W\] is supported/,
  ],
  'batch normalisation in training': [
    {
      nodes: [node('BatchNormalization', ['x', 's', 's', 's', 's'], 'y', { training_mode: 1 })],
      weights: [weight('s', [3])],
    },
    /training mode; export the network in evaluation mode/,
  ],
  'Dropout in training': [
    {
      nodes: [node('Dropout', ['x', '', 'on'], 'y')],
      weights: [{ ...integers('on', [1], []), type: dataType.bool }],
    },
    /node "Dropout y" \(Dropout\): training mode/,
  ],
  'a scalar that adds an axis': [
    { nodes: [node('Mul', ['x', 'c'], 'y')], weights: [weight('c', [1, 1, 1, 1, 1], [0.5])] },
    /scaling by a constant tensor/,
  ],
  'a bias that adds an axis': [
    {
      shape: [2, 3],
      nodes: [node('MatMul', ['x', 'w'], 'h'), node('Add', ['h', 'b'], 'y')],
      weights: [weight('w', [3, 4]), weight('b', [1, 1, 4])],
    },
    /a bias of shape \[1, 1, 4\] for 4 outputs/,
  ],
  'a clip to 1': [
    {
      nodes: [node('Clip', ['x', 'zero', 'one'], 'y')],
      weights: [weight('zero', [], [0]), weight('one', [], [1])],
    },
    /a clip to \[0, 1\]; only \[0, infinity\), which is ReLU, and \[0, 6\], which is ReLU6/,
  ],
  "Keras's hard sigmoid": [
    { nodes: [node('HardSigmoid', ['x'], 'y')] },
    /clips 0\.2 x \+ 0\.5 to \[0, 1\]; only x \/ 6 \+ 1\/2/,
  ],
  'a pool with dilations': [
    { nodes: [node('MaxPool', ['x'], 'y', { kernel_shape: [2, 2], dilations: [2, 2] })] },
    /a pool with dilations/,
  ],
  'a pool past the edge': [
    { nodes: [node('MaxPool', ['x'], 'y', { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 })] },
    /with ceil_mode, which adds a window past the edge/,
  ],
  'a pool padded on one side': [
    { nodes: [node('MaxPool', ['x'], 'y', { kernel_shape: [3, 3], pads: [0, 0, 1, 1], strides: [2, 2] })] },
    /pads of top 0, left 0, bottom 1, right 1/,
  ],
  'a pool that gives places': [
    { nodes: [node('MaxPool', ['x'], ['y', 'at'], { kernel_shape: [2, 2] })] },
    /also gives the places of the largest values/,
  ],
  'linear from the upper left': [
    resizing({ mode: 'linear', coordinate_transformation_mode: 'asymmetric' }, [1, 1, 2, 2]),
    /a resize by linear and asymmetric from 5 x 6 to 10 x 12; nearest, and linear with half_pixel/,
  ],
  cubic: [resizing({ mode: 'cubic' }, [1, 1, 2, 2]), /a resize by cubic and half_pixel/],
  'nearest by centres to a part of a factor': [
    resizing({}, [1, 1, 1.2, 1]),
    /nearest pixels by half_pixel and round_prefer_floor from 5 x 6 to 6 x 6/,
  ],
  'a factor that leaves part of a pixel': [
    resizing({ mode: 'linear' }, [1, 1, 1.5, 1]),
    /a scale of 1\.5 for 5 pixels, which gives no whole number/,
  ],
  'more channels': [resizing({}, [1, 2, 1, 1]), /a resize of the batch or the channels/],
  antialias: [resizing({ mode: 'linear', antialias: 1 }, [1, 1, 0.2, 1]), /with antialias/],
  'groups of channels that nothing puts back': [
    {
      nodes: [node('Reshape', ['x', 'apart'], 'grouped'), node('Relu', ['grouped'], 'y')],
      weights: [integers('apart', [2, 3, 1, 5, 6])],
    },
    /has channels in groups, which are understood only as part of a channel shuffle/,
  ],
  'another turn of channels': [
    {
      nodes: [
        node('Reshape', ['x', 'apart'], 'grouped'),
        node('Transpose', ['grouped'], 'y', { perm: [0, 1, 2, 4, 3] }),
      ],
      weights: [integers('apart', [2, 3, 1, 5, 6])],
    },
    /only the transposition of a constant matrix/,
  ],
  'shuffled channels put back otherwise': [
    {
      nodes: [
        node('Reshape', ['x', 'apart'], 'grouped'),
        node('Transpose', ['grouped'], 'turned', { perm: [0, 2, 1, 3, 4] }),
        node('Reshape', ['turned', 'flat'], 'y'),
      ],
      weights: [integers('apart', [2, 3, 1, 5, 6]), integers('flat', [2, 90])],
    },
    /reshapes shuffled channels to \[2, 90\], not back to \[2, 3, 5, 6\]/,
  ],
  'a slice with steps': [
    {
      nodes: [node('Slice', ['x', 'one', 'two', 'one', 'two'], 'y')],
      weights: [integers('one', [1]), integers('two', [2])],
    },
    /a slice with steps \[2\]/,
  ],
  'part of a batch': [
    {
      nodes: [node('Slice', ['x', 'zero', 'one', 'zero'], 'y')],
      weights: [integers('one', [1]), integers('zero', [0])],
    },
    /part of a batch/,
  ],
  'an empty slice': [
    {
      nodes: [node('Slice', ['x', 'one', 'one', 'one'], 'y')],
      weights: [integers('one', [1])],
    },
    /nothing of axis 1: from 1 to 1 of 3/,
  ],
  'batches joined': [
    { nodes: [node('Concat', ['x', 'x'], 'y', { axis: 0 })] },
    /works along axis 0, the batch/,
  ],
  'channels shuffled': [
    { nodes: [node('Gather', ['x', 'list'], 'y', { axis: 1 })], weights: [integers('list', [2, 0, 1])] },
    /indices that neither stand one after another nor enlarge the map/,
  ],
  'GELU by tanh': [
    { opset: 20, nodes: [node('Gelu', ['x'], 'y', { approximate: 'tanh' })] },
    /tanh approximation/,
  ],
  'erf alone': [{ nodes: [node('Erf', ['x'], 'y')] }, /erf is understood only as part of a GELU/],
  'a step of a GELU': [
    {
      nodes: [node('Div', ['x', 'c'], 'a'), node('Erf', ['a'], 'b'), node('Relu', ['b'], 'y')],
      weights: [weight('c', [], [Math.SQRT2])],
    },
    /node "Relu y" \(Relu\): input 0 \("b"\) is a step of a GELU/,
  ],
  'a difference of two values': [
    { nodes: [node('Relu', ['x'], 'a'), node('Sub', ['x', 'a'], 'y')] },
    /node "Sub y" \(Sub\): a difference of two values/,
  ],
  'the larger of values of two shapes': [
    { nodes: [node('GlobalAveragePool', ['x'], 'a'), node('Max', ['x', 'a'], 'y')] },
    /the larger of \[2, 3, 5, 6\] and \[2, 3, 1, 1\]/,
  ],
  'an offset': [
    { nodes: [node('Add', ['x', 'c'], 'y')], weights: [weight('c', [1, 3, 1, 1])] },
    /node "Add y" \(Add\): adding a constant tensor; only zeros/,
  ],
  'zeros that make the value larger': [
    { nodes: [node('Add', ['x', 'c'], 'y')], weights: [weight('c', [1, 2, 3, 5, 6], Array(180).fill(0))] },
    /adding a constant/,
  ],
  'a broadcast sum': [
    {
      nodes: [node('MaxPool', ['x'], 'a', { kernel_shape: [5, 1] }), node('Add', ['x', 'a'], 'y')],
    },
    /\[2, 3, 5, 6\] \+ \[2, 3, 1, 6\]/,
  ],
  'a pool over a part of the map': [
    { nodes: [node('AveragePool', ['x'], 'y', { kernel_shape: [2, 2] })] },
    /a pool of \[2, 2\] over \[2, 3, 5, 6\]/,
  ],
  'a padded pool': [
    { nodes: [node('AveragePool', ['x'], 'y', { kernel_shape: [5, 6], pads: [1, 1, 1, 1] })] },
    /with padding/,
  ],
  'a mean over channels': [
    { nodes: [node('ReduceMean', ['x'], 'y', { axes: [1] })] },
    /a mean over axes \[1\]/,
  ],
  'a flatten of the batch': [{ nodes: [node('Flatten', ['x'], 'y', { axis: 0 })] }, /a flatten from axis 0/],
  'a reshape to nothing but elements': [
    { nodes: [node('Reshape', ['x', 's'], 'y')], weights: [integers('s', [-1])] },
    /reshapes \[2, 3, 5, 6\] to \[180\]; it must keep the elements, and a batch in front/,
  ],
  'a batch behind channels': [
    { nodes: [node('Transpose', ['x'], 'y', { perm: [1, 0, 2, 3] })] },
    /of values whose batch stays in front, is supported/,
  ],
  'a softmax over channels of a map': [
    { nodes: [node('Softmax', ['x'], 'y', { axis: 1 })] },
    /a softmax over axis 1 of \[2, 3, 5, 6\]/,
  ],
  'a cast to whole numbers': [
    { nodes: [node('Cast', ['x'], 'y', { to: dataType.int64 })] },
    /a cast to element type 7/,
  ],
  'pixels as input': [
    { elementType: dataType.uint8, nodes: [node('Relu', ['x'], 'y')] },
    /the input "x" of element type 2/,
  ],
  'an old opset': [{ opset: 6, nodes: [node('Relu', ['x'], 'y')] }, /opset 6 of the standard operators/],
}

describe('refusals name the node and the reason', () => {
  test.each(Object.entries(refusals))('%s', (_, [parts, message]) => {
    const run = (): Model => fromOnnx(file(parts))
    expect(run).toThrow(message)
    expect(codeOf(run)).toBe('unsupported')
  })
})

describe('input shapes', () => {
  const relu = [node('Relu', ['x'], 'y')]

  test.each([
    [['n', 3, 'h', 'w'], /"x" has the shape \[n, 3, h, w\]; give whole sizes/],
    [[1, 3, undefined, 4], /\[1, 3, \?, 4\]/],
    [[1, 0, 4, 4], /\[1, 0, 4, 4\]/],
    [[1, -3, 4, 4], /\[1, -3, 4, 4\]/],
  ])('%j must be given', (shape, message) => {
    const bytes = file({ shape, nodes: relu })
    expect(() => fromOnnx(bytes)).toThrow(message)
    expect(codeOf(() => fromOnnx(bytes))).toBe('invalid-argument')
    expect(fromOnnx(bytes, { shapes: { x: [2, 3, 4, 5] } }).inputs.x?.shape).toEqual([2, 3, 4, 5])
  })

  test('a batch given for an open axis', () => {
    expect(fromOnnx(file({ shape: ['n', 3], nodes: relu }), { batch: 4 }).inputs.x?.shape).toEqual([4, 3])
    expect(fromOnnx(file({ shape: [undefined, 3], nodes: relu })).inputs.x?.shape).toEqual([1, 3])
  })

  test('a height and width given for open axes of images, and no others', () => {
    const size = [4, 5] as const
    const shapeOf = (shape: FileParts['shape'] & object, batch?: number): readonly number[] | undefined =>
      fromOnnx(file({ shape, nodes: relu }), { size, ...(batch && { batch }) }).inputs.x?.shape
    expect(shapeOf(['n', 3, 'h', 'w'], 2)).toEqual([2, 3, 4, 5])
    expect(shapeOf([1, 3, undefined, 6])).toEqual([1, 3, 4, 6])
    expect(shapeOf([1, 3, 7, 8])).toEqual([1, 3, 7, 8])
    expect(() => shapeOf([1, 'c', 'h', 'w'])).toThrow(/has the shape \[1, c, h, w\]; give whole sizes/)
    expect(() => shapeOf([1, 3, 'h'])).toThrow(/has the shape \[1, 3, h\]; give whole sizes/)
  })

  test('inputs that nothing reads are left out, open and of whole numbers too', () => {
    const more = [
      { name: 'mask', elementType: dataType.int64, shape: ['n', 'length'] },
      { name: 'other', elementType: dataType.float, shape: [1, undefined] },
    ]
    const model = fromOnnx(file({ nodes: [...relu, node('LSTM', ['mask'], 'unused')], more }))
    expect(Object.keys(model.inputs)).toEqual(['x'])
  })

  test('and those of which the shape alone is read', () => {
    const other = { name: 'other', elementType: dataType.float, shape: [2, 45] }
    const nodes = [
      node('Relu', ['other'], 'r'),
      node('Shape', ['r'], 's'),
      node('Concat', ['s', 'one'], 'to', { axis: 0 }),
      node('Reshape', ['x', 'to'], 'y'),
    ]
    const model = fromOnnx(file({ shape: [2, 90], nodes, weights: [integers('one', [2])], more: [other] }))
    expect(Object.keys(model.inputs)).toEqual(['x'])
    expect(model.nodes.map(({ op }) => op)).toEqual(['reshape'])
  })

  test('a shape for an input that is not there', () => {
    expect(() => fromOnnx(file({ nodes: relu }), { shapes: { z: [1] } })).toThrow(
      /no input "z"; its inputs are "x"/,
    )
  })
})

test('the name of the model, and of nodes without one', () => {
  const bytes = file({ nodes: [{ ...node('Relu', ['x'], 'y'), name: '' }] })
  expect(fromOnnx(bytes).name).toBe('test')
  expect(fromOnnx(bytes, { name: 'mine' }).name).toBe('mine')
  expect(fromOnnx(bytes).nodes[0]?.name).toBe('y')
})

test('metadata of another form is passed over', () => {
  const metadata = [
    ['labels', '{"0": "cat"}'],
    ['preprocess', 'none'],
    ['preprocess', '{"size": [1]}'],
  ] as const
  expect(fromOnnx(file({ nodes: [node('Relu', ['x'], 'y')], metadata }))).not.toHaveProperty('card')
})

test('a view into a larger buffer can be read, and the weights are copies', () => {
  const bytes = toOnnx(randomModel(3))
  const larger = new Uint8Array(bytes.length + 7)
  larger.set(bytes, 3)
  const view = larger.subarray(3, 3 + bytes.length)
  const model = fromOnnx(view)
  larger.fill(0)
  expect(model).toEqual(fromOnnx(bytes))
})

describe('what other mobile networks are made of is refused by op, node and what there is', () => {
  const axes = integers('axes', [0, 2, 1, 3])
  test.each([
    [
      'ResNet: AveragePool',
      [node('AveragePool', ['x'], 'y', { kernel_shape: [2, 2] })],
      'AveragePool',
      /only an average over the whole map is supported/,
    ],
    [
      'ShuffleNet: Transpose',
      [node('Transpose', ['x'], 'y', { perm: [2, 1, 0, 3] })],
      'Transpose',
      /only the transposition of a constant matrix, and of values whose batch stays in front/,
    ],
    [
      'ShuffleNet: Reshape',
      [node('Reshape', ['x', 'axes'], 'y')],
      'Reshape',
      /it must keep the elements, and a batch in front/,
    ],
    ['an axis added', [node('Unsqueeze', ['x', 'axes'], 'y')], 'Unsqueeze', /only to constants is supported/],
  ] as const)('%s', (_, nodes, op, supported) => {
    const bytes = file({ nodes, weights: [axes, weight('zero', [], [0]), weight('six', [], [6])] })
    expect(codeOf(() => fromOnnx(bytes))).toBe('unsupported')
    expect(() => fromOnnx(bytes)).toThrow(supported)
    expect(() => fromOnnx(bytes)).toThrow(new RegExp(`\\b${op}\\b`))
    expect(() => fromOnnx(bytes)).toThrow(`"${op} y"`)
  })
})

function codeOf(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    return isMobileOneError(error) ? error.code : String(error)
  }
}
