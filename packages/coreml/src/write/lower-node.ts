import {
  floatWeight,
  isTokenNode,
  MobileOneError,
  type Model,
  type Node,
  type Shapes,
  tensor,
} from '@mobileone/core'
import { tensorType } from '../mil/program.ts'
import { lowerInt8 } from './lower-int8.ts'
import type { ProgramBuilder } from './program-builder.ts'

/** Why Core ML export refuses a node, undefined where it does not. */
export function refusal(node: Node, shapes: Shapes): string | undefined {
  if (node.op === 'batchNorm') {
    return `node "${node.name}" is a batch normalisation; fold the model first (reparameterize)`
  }
  if (isTokenNode(node, shapes)) {
    return `node "${node.name}" (${node.op}) works on sequences of tokens, which are not written for Core ML; export ONNX`
  }
  if (node.op !== 'upsample') return undefined
  const [from, shape] = [shapes[node.inputs[0]], shapes[node.name]] as [Shape, Shape]
  const sizes = [2, 3].map((axis) => [from[axis] as number, shape[axis] as number] as const)
  const place = `node "${node.name}" upsamples from ${from.slice(2).join(' x ')} to ${shape.slice(2).join(' x ')}`
  if (node.mode === 'nearest' && sizes.some(([before, after]) => after % before !== 0)) {
    return `${place} by the nearest pixel, and for factors that are not whole Core ML does not say which pixels it takes; use whole factors, or bilinear`
  }
  if (node.alignCorners && sizes.some(([before, after]) => after === 1 && before > 1)) {
    return `${place} with aligned corners, and Core ML does not say which pixel a single one is`
  }
  return undefined
}

type Shape = readonly number[]

/** The program's identifiers of the model's values. */
export type Identifiers = ReadonlyMap<string, string>

/** Emit the operations of one node. Every parameter is written: only the Python interface fills in defaults. */
export function lowerNode(
  builder: ProgramBuilder,
  model: Model,
  node: Node,
  identifiers: Identifiers,
  shapes: Shapes,
): void {
  const shape = shapes[node.name] as Shape
  const from = shapes[node.inputs[0]] as Shape
  const reason = refusal(node, shapes)
  if (reason !== undefined) {
    throw new MobileOneError('unsupported', `cannot write model "${model.name}" for Core ML: ${reason}`)
  }
  const name = identifiers.get(node.name) as string
  const output = { name, type: tensorType(builder.dtype, shape) }
  const [x = '', y = ''] = node.inputs.map((input) => identifiers.get(input) as string)
  const weight = (key: string): string => {
    const known = builder.weightNames.get(key)
    if (known !== undefined) return known
    const stored = model.weights[key]
    const kept = stored?.dtype === 'int8' ? builder.storedInt8(key, stored) : undefined
    const made =
      kept ??
      builder.weight(key, floatWeight(model, key), undefined, stored?.dtype === 'int8' ? false : undefined)
    builder.weightNames.set(key, made)
    return made
  }
  const bias = (key: string | undefined, channels: number): string => {
    if (key !== undefined) return weight(key)
    const taken = builder.names.take(`${name}_no_bias`)
    builder.renamed.set(taken, '')
    return builder.weight(`${node.name} (no bias)`, tensor([channels]), taken)
  }
  switch (node.op) {
    case 'conv2d': {
      const [top, left] = node.padding
      const int8 = lowerInt8(builder, model, node, name, x, from)
      const inputs = {
        x: int8?.x ?? x,
        weight: int8?.weight ?? weight(node.weight),
        bias: bias(node.bias, shape[1] as number),
        strides: builder.integers('strides', node.stride),
        pad_type: builder.text('pad_type', 'custom'),
        pad: builder.integers('pad', [top, top, left, left]),
        dilations: builder.integers('dilations', node.dilation),
        groups: builder.integers('groups', node.groups),
      }
      if (int8?.own === undefined) {
        builder.emit('conv', name, inputs, output)
        break
      }
      const others = builder.names.take(`${name}_others`)
      builder.renamed.set(others, '')
      builder.emit('conv', others, inputs, { name: others, type: output.type })
      builder.emit('add', name, { x: others, y: int8.own }, output)
      break
    }
    case 'linear': {
      const inputs = { x, weight: weight(node.weight), bias: bias(node.bias, shape[1] as number) }
      builder.emit('linear', name, inputs, output)
      break
    }
    case 'relu':
    case 'relu6':
    case 'sigmoid':
    case 'silu':
      builder.emit(node.op, name, { x }, output)
      break
    case 'gelu':
      builder.emit('gelu', name, { x, mode: builder.text('mode', 'EXACT') }, output)
      break
    case 'affine': {
      const { scale, offset } = node
      const number = (value: number): string => builder.scalar(name, String(value), value)
      if (offset === 0) {
        builder.emit('mul', name, { x, y: number(scale) }, output)
        break
      }
      const scaled = scale === 1 ? x : builder.names.take(`${name}_scaled`)
      if (scaled !== x) {
        builder.renamed.set(scaled, '')
        builder.emit('mul', scaled, { x, y: number(scale) }, { name: scaled, type: output.type })
      }
      builder.emit('add', name, { x: scaled, y: number(offset) }, output)
      break
    }
    case 'add':
    case 'mul':
    case 'maximum':
      builder.emit(node.op, name, { x, y }, output)
      break
    case 'globalAvgPool': {
      const axes = builder.integers('axes', [2, 3])
      builder.emit('reduce_mean', name, { x, axes, keep_dims: builder.bool('keep_dims', true) }, output)
      break
    }
    case 'flatten':
      builder.emit('reshape', name, { x, shape: builder.integers('shape', shape) }, output)
      break
    case 'softmax':
      builder.emit('softmax', name, { x, axis: builder.integers('axis', 1) }, output)
      break
    case 'hardSigmoid':
      builder.emit('sigmoid_hard', name, hardSigmoid(), output)
      break
    case 'hardSwish': {
      const gate = builder.names.take(`${name}_gate`)
      builder.emit('sigmoid_hard', gate, hardSigmoid(), { name: gate, type: output.type })
      builder.emit('mul', name, { x, y: gate }, output)
      break
    }
    case 'maxPool': {
      const [top, left] = node.padding
      const inputs = {
        x,
        kernel_sizes: builder.integers('kernel_sizes', node.kernel),
        strides: builder.integers('strides', node.stride),
        pad_type: builder.text('pad_type', 'custom'),
        pad: builder.integers('pad', [top, top, left, left]),
        ceil_mode: builder.bool('ceil_mode', false),
      }
      builder.emit('max_pool', name, inputs, output)
      break
    }
    case 'upsample': {
      const [, , height = 1, width = 1] = shape
      if (node.mode === 'nearest') {
        const [, , rows = 1, columns = 1] = from
        const scale_factor_height = builder.integers('scale_factor_height', height / rows)
        const scale_factor_width = builder.integers('scale_factor_width', width / columns)
        builder.emit(
          'upsample_nearest_neighbor',
          name,
          { x, scale_factor_height, scale_factor_width },
          output,
        )
        break
      }
      const inputs = {
        x,
        target_size_height: builder.integers('target_size_height', height),
        target_size_width: builder.integers('target_size_width', width),
        sampling_mode: builder.text(
          'sampling_mode',
          node.alignCorners ? 'STRICT_ALIGN_CORNERS' : 'UNALIGN_CORNERS',
        ),
      }
      builder.emit('resize_bilinear', name, inputs, output)
      break
    }
    case 'concat': {
      const inputs = {
        values: node.inputs.map((input) => identifiers.get(input) as string),
        axis: builder.integers('axis', node.axis),
        interleave: builder.bool('interleave', false),
      }
      builder.emit('concat', name, inputs, output)
      break
    }
    case 'slice': {
      const begin = builder.integers(
        'begin',
        shape.map((_, axis) => (axis === node.axis ? node.start : 0)),
      )
      builder.emit('slice_by_size', name, { x, begin, size: builder.integers('size', shape) }, output)
      break
    }
    case 'channelShuffle': {
      // Groups below each other, read as channels: program and model have the same order of elements.
      const [n = 1, channels = 1, height = 1, width = 1] = shape
      const share = channels / node.groups
      const parts = Array.from({ length: node.groups }, (_, group) => {
        const part = builder.names.take(`${name}_group_${group}`)
        builder.renamed.set(part, '')
        const begin = builder.integers('begin', [0, group * share, 0, 0])
        const size = builder.integers('size', [n, share, height, width])
        const type = tensorType(builder.dtype, [n, share, height, width])
        builder.emit('slice_by_size', part, { x, begin, size }, { name: part, type })
        return part
      })
      const joined = builder.names.take(`${name}_groups`)
      builder.renamed.set(joined, '')
      const values = {
        values: parts,
        axis: builder.integers('axis', 2),
        interleave: builder.bool('interleave', false),
      }
      const type = tensorType(builder.dtype, [n, share, node.groups * height, width])
      builder.emit('concat', joined, values, { name: joined, type })
      builder.emit('reshape', name, { x: joined, shape: builder.integers('shape', shape) }, output)
      break
    }
    case 'batchNorm':
    case 'layerNorm':
    case 'matmul':
    case 'reshape':
    case 'transpose':
    case 'parameter':
      break
    default:
      node satisfies never
  }

  function hardSigmoid(): Readonly<Record<string, string>> {
    return { x, alpha: builder.scalar('alpha', 'sixth', 1 / 6), beta: builder.scalar('beta', 'half', 0.5) }
  }
}
