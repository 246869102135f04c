import type { Node, Shapes } from '@mobileone/core'
import type { GraphBuilder } from './graph-builder.ts'
import { lowerUpsample } from './lower-upsample.ts'
import { lowerConvolution, lowerLinear } from './lower-weighted.ts'
import type { OnnxAttribute } from './proto.ts'

/**
 * Add the ONNX nodes that compute `node` (operator semantics: the ONNX operator schemas of opset 17).
 * @param isOpen The batch size is known only when the file runs.
 * @param isNotNegative Whether no element of the first input is below 0.
 */
export function lowerNode(
  builder: GraphBuilder,
  node: Node,
  shapes: Shapes,
  isOpen: boolean,
  isNotNegative: boolean,
): void {
  const inputs = node.inputs.map((name) => builder.value(name))
  const output = builder.value(node.name)
  const x = inputs[0] as string
  /** A helper node and its value, named after the node it belongs to. */
  const helper = (op: string, of: readonly string[]): string =>
    builder.emit(op, `${node.name}/${op}`, of, builder.fresh(`${node.name}/${op}`))

  switch (node.op) {
    case 'conv2d':
      lowerConvolution(builder, node, x, output, isNotNegative)
      return
    case 'batchNorm': {
      const weights = [node.weight, node.bias, node.runningMean, node.runningVar]
      builder.emit(
        'BatchNormalization',
        node.name,
        [x, ...weights.map((name) => builder.weight(name))],
        output,
        new Map([['epsilon', { type: 'float', value: node.epsilon }]]),
      )
      return
    }
    case 'linear':
      lowerLinear(builder, node, x, output, shapes[node.inputs[0]]?.length === 2)
      return
    case 'relu':
      builder.emit('Relu', node.name, inputs, output)
      return
    case 'relu6': {
      const bounds = [0, 6].map((bound) => builder.constant(`clip/${bound}`, [], [bound]))
      builder.emit('Clip', node.name, [x, ...bounds], output)
      return
    }
    case 'sigmoid':
      builder.emit('Sigmoid', node.name, inputs, output)
      return
    case 'hardSigmoid':
      builder.emit(
        'HardSigmoid',
        node.name,
        inputs,
        output,
        new Map([['alpha', { type: 'float', value: 1 / 6 }]]),
      )
      return
    case 'hardSwish':
      builder.emit('HardSwish', node.name, inputs, output)
      return
    case 'silu':
      builder.emit('Mul', node.name, [x, helper('Sigmoid', [x])], output)
      return
    case 'gelu': {
      // x (1 + erf(x / sqrt 2)) 0.5 in the order PyTorch writes it, which runtimes recognise and fuse.
      const erf = helper('Erf', [helper('Div', [x, builder.constant('gelu/sqrt2', [], [Math.SQRT2])])])
      const twice = helper('Mul', [x, helper('Add', [erf, builder.constant('gelu/one', [], [1])])])
      builder.emit('Mul', node.name, [twice, builder.constant('gelu/half', [], [0.5])], output)
      return
    }
    case 'add':
      builder.emit('Add', node.name, inputs, output)
      return
    case 'mul':
      builder.emit('Mul', node.name, inputs, output)
      return
    case 'affine': {
      const number = (what: 'scale' | 'offset'): string =>
        builder.constant(`${node.name}/${what}`, [], [node[what]])
      if (node.offset === 0) builder.emit('Mul', node.name, [x, number('scale')], output)
      else {
        const scaled = node.scale === 1 ? x : helper('Mul', [x, number('scale')])
        builder.emit('Add', node.name, [scaled, number('offset')], output)
      }
      return
    }
    case 'maximum':
      builder.emit('Max', node.name, inputs, output)
      return
    case 'globalAvgPool':
      builder.emit('GlobalAveragePool', node.name, inputs, output)
      return
    case 'maxPool':
      builder.emit(
        'MaxPool',
        node.name,
        inputs,
        output,
        new Map<string, OnnxAttribute>([
          ['kernel_shape', { type: 'ints', value: node.kernel }],
          ['pads', { type: 'ints', value: [...node.padding, ...node.padding] }],
          ['strides', { type: 'ints', value: node.stride }],
        ]),
      )
      return
    case 'upsample':
      lowerUpsample(builder, node, shapes, isOpen)
      return
    case 'concat':
      builder.emit(
        'Concat',
        node.name,
        inputs,
        output,
        new Map([['axis', { type: 'int', value: node.axis }]]),
      )
      return
    case 'slice': {
      const part = (what: 'start' | 'end' | 'axis'): string =>
        builder.integers(`${node.name}/${what}`, [node[what]])
      builder.emit('Slice', node.name, [x, part('start'), part('end'), part('axis')], output)
      return
    }
    case 'channelShuffle': {
      const [, channels = 1, height = 1, width = 1] = shapes[node.name] as readonly number[]
      const { groups } = node
      // 0 keeps the size of the batch.
      const sizes = (what: string, values: readonly number[]): string =>
        builder.integers(`${node.name}/${what}`, values)
      const apart = helper('Reshape', [x, sizes('apart', [0, groups, channels / groups, height, width])])
      const turned = builder.fresh(`${node.name}/Transpose`)
      const order = { type: 'ints', value: [0, 2, 1, 3, 4] } as const
      builder.emit('Transpose', `${node.name}/Transpose`, [apart], turned, new Map([['perm', order]]))
      builder.emit('Reshape', node.name, [turned, sizes('shape', [0, channels, height, width])], output)
      return
    }
    case 'flatten':
      builder.emit('Flatten', node.name, inputs, output, new Map([['axis', { type: 'int', value: 1 }]]))
      return
    case 'softmax':
      builder.emit('Softmax', node.name, inputs, output, new Map([['axis', lastAxis(shapes, node)]]))
      return
    case 'layerNorm': {
      const size = shapes[node.name]?.at(-1) as number
      const weight =
        node.weight === undefined
          ? builder.constant(`layerNorm/ones/${size}`, [size], new Array<number>(size).fill(1))
          : builder.weight(node.weight)
      builder.emit(
        'LayerNormalization',
        node.name,
        [x, weight, ...(node.bias === undefined ? [] : [builder.weight(node.bias)])],
        output,
        new Map<string, OnnxAttribute>([
          ['axis', lastAxis(shapes, node)],
          ['epsilon', { type: 'float', value: node.epsilon }],
        ]),
      )
      return
    }
    case 'matmul': {
      const { scale, transposeB } = node
      const rank = (shapes[node.name] as readonly number[]).length
      const order = [...Array(rank - 2).keys(), rank - 1, rank - 2]
      const b = transposeB
        ? builder.emit(
            'Transpose',
            `${node.name}/Transpose`,
            inputs.slice(1),
            builder.fresh(`${node.name}/Transpose`),
            new Map([['perm', { type: 'ints', value: order }]]),
          )
        : (inputs[1] as string)
      if (scale === undefined) builder.emit('MatMul', node.name, [x, b], output)
      else {
        const factor = builder.constant(`scale/${scale}`, [], [scale])
        builder.emit('Mul', node.name, [helper('MatMul', [x, b]), factor], output)
      }
      return
    }
    case 'reshape':
      builder.emit('Reshape', node.name, [x, builder.integers(`${node.name}/shape`, node.shape)], output)
      return
    case 'transpose':
      builder.emit(
        'Transpose',
        node.name,
        inputs,
        output,
        new Map([['perm', { type: 'ints', value: node.permutation }]]),
      )
      return
    case 'parameter': {
      const [batch = 1, ...rest] = shapes[node.name] as readonly number[]
      const ones = rest.map(() => 1)
      const sizes = (name: string, values: readonly number[]): string =>
        builder.integers(`${node.name}/${name}`, values)
      const shape = isOpen
        ? builder.emit(
            'Concat',
            `${node.name}/Concat`,
            [batchOf(builder, node.name, x), sizes('ones', ones)],
            builder.fresh(`${node.name}/Concat`),
            new Map([['axis', { type: 'int', value: 0 }]]),
          )
        : sizes('shape', [batch, ...ones])
      builder.emit('Expand', node.name, [builder.weight(node.weight), shape], output)
      return
    }
    default:
      node satisfies never
  }
}

function lastAxis(shapes: Shapes, { name }: Node): OnnxAttribute {
  return { type: 'int', value: (shapes[name] as readonly number[]).length - 1 }
}

/** The first size of `x`, known when the file runs. */
function batchOf(builder: GraphBuilder, node: string, x: string): string {
  const first = new Map<string, OnnxAttribute>([
    ['start', { type: 'int', value: 0 }],
    ['end', { type: 'int', value: 1 }],
  ])
  return builder.emit('Shape', `${node}/Shape`, [x], builder.fresh(`${node}/Shape`), first)
}
