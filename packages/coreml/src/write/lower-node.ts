import { floatWeight, MobileOneError, type Model, type Node, type Op, tensor } from '@mobileone/core'
import { tensorType } from '../mil/program.ts'
import type { ProgramBuilder } from './program-builder.ts'

/** Why Core ML export refuses a node, undefined where it does not. */
export function refusal(node: Node): string | undefined {
  if (node.op === 'batchNorm') {
    return `node "${node.name}" is a batch normalisation; fold the model first (reparameterize)`
  }
  return unwritten.has(node.op) ? `node "${node.name}" is a ${node.op}, which is not written yet` : undefined
}

const unwritten: ReadonlySet<Op> = new Set<Op>([
  'relu6',
  'hardSigmoid',
  'hardSwish',
  'maxPool',
  'upsample',
  'concat',
  'slice',
])

/** The program's identifiers of the model's values. */
export type Identifiers = ReadonlyMap<string, string>

/** Emit the operations of one node. Every parameter is written: only the Python interface fills in defaults. */
export function lowerNode(
  builder: ProgramBuilder,
  model: Model,
  node: Node,
  identifiers: Identifiers,
  shape: readonly number[],
): void {
  const reason = refusal(node)
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
    const made = kept ?? builder.weight(key, floatWeight(model, key))
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
      const inputs = {
        x,
        weight: weight(node.weight),
        bias: bias(node.bias, shape[1] as number),
        strides: builder.integers('strides', node.stride),
        pad_type: builder.text('pad_type', 'custom'),
        pad: builder.integers('pad', [top, top, left, left]),
        dilations: builder.integers('dilations', node.dilation),
        groups: builder.integers('groups', node.groups),
      }
      builder.emit('conv', name, inputs, output)
      break
    }
    case 'linear': {
      const inputs = { x, weight: weight(node.weight), bias: bias(node.bias, shape[1] as number) }
      builder.emit('linear', name, inputs, output)
      break
    }
    case 'relu':
    case 'sigmoid':
    case 'silu':
      builder.emit(node.op, name, { x }, output)
      break
    case 'gelu':
      builder.emit('gelu', name, { x, mode: builder.text('mode', 'EXACT') }, output)
      break
    case 'add':
    case 'mul':
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
    case 'batchNorm':
    case 'relu6':
    case 'hardSigmoid':
    case 'hardSwish':
    case 'maxPool':
    case 'upsample':
    case 'concat':
    case 'slice':
      break
    default:
      node satisfies never
  }
}
