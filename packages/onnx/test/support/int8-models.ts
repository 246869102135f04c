import {
  type Conv2d,
  type Model,
  type Node,
  type QuantizedTensor,
  type Random,
  random,
  spec,
  type Weight,
} from '@mobileone/core'
import { randomTensor } from './random-model.ts'

type Parts = Partial<Record<'zeroPoints' | 'diagonal' | 'inputSteps', boolean>>

/** Random elements of an int8 weight of this shape. */
export function int8Weight(source: Random, shape: readonly number[], parts: Parts = {}): QuantizedTensor {
  const [outputs = 1, inputs = 1] = shape
  const size = shape.reduce((product, each) => product * each, 1)
  return {
    dtype: 'int8',
    shape,
    data: Int8Array.from({ length: size }, () => source.integer(-127, 127)),
    scales: Float32Array.from({ length: outputs }, () => 0.001 + 0.01 * source.next()),
    ...(parts.zeroPoints && { zeroPoints: Int8Array.from({ length: outputs }, () => source.integer(-9, 9)) }),
    ...(parts.diagonal && { diagonal: Float32Array.from({ length: outputs }, () => source.normal()) }),
    ...(parts.inputSteps && {
      inputSteps: Float32Array.from({ length: inputs }, () => 0.01 + 0.02 * source.next()),
    }),
  }
}

/**
 * A network of layers with int8 weights of every kind: in integers after a ReLU and before one, square or not, at a stride, and int8 in
 * the file alone; maps, rows and tokens. The same seed gives the same model.
 */
export function int8Model(seed: number): Model {
  const source = random(seed)
  const [batch, c, more] = [source.integer(1, 2), source.integer(2, 9), source.integer(2, 9)]
  const weights: Record<string, Weight> = {}
  const conv = (name: string, input: string, shape: readonly number[], parts: Parts, more = {}): Conv2d => {
    weights[`${name}.weight`] = int8Weight(source, shape, parts)
    const isBiased = source.next() < 0.7
    if (isBiased) weights[`${name}.bias`] = randomTensor(shape.slice(0, 1), () => source.normal())
    return {
      op: 'conv2d',
      name,
      inputs: [input],
      weight: `${name}.weight`,
      ...(isBiased && { bias: `${name}.bias` }),
      stride: [1, 1],
      padding: [0, 0],
      dilation: [1, 1],
      groups: 1,
      ...more,
    }
  }
  const linear = (name: string, input: string, features: readonly [number, number], parts: Parts): Node => {
    weights[`${name}.weight`] = int8Weight(source, features, parts)
    weights[`${name}.bias`] = randomTensor([features[0]], () => source.normal())
    return { op: 'linear', name, inputs: [input], weight: `${name}.weight`, bias: `${name}.bias` }
  }
  const zeroPoints = source.next() < 0.5
  const nodes: Node[] = [
    conv('depthwise', 'x', [c, 1, 3, 3], { zeroPoints }, { padding: [1, 1], groups: c }),
    { op: 'relu', name: 'relu', inputs: ['depthwise'] },
    conv('square', 'relu', [c, c, 1, 1], { inputSteps: true, diagonal: true }),
    conv('signed', 'square', [more, c, 1, 1], { inputSteps: true }),
    { op: 'relu6', name: 'relu6', inputs: ['signed'] },
    conv('strided', 'relu6', [more, more, 1, 1], { inputSteps: true, diagonal: true }, { stride: [2, 1] }),
    conv('stored', 'strided', [more, more, 1, 1], { zeroPoints, diagonal: true }, { stride: [1, 2] }),
    conv('padded', 'stored', [c, more, 1, 1], { inputSteps: true }, { padding: [1, 0] }),
    { op: 'reshape', name: 'tokens', inputs: ['padded'], shape: [0, c, 15] },
    { op: 'transpose', name: 'turned', inputs: ['tokens'], permutation: [0, 2, 1] },
    linear('mixed', 'turned', [c, c], { zeroPoints, diagonal: source.next() < 0.5 }),
    { op: 'globalAvgPool', name: 'pool', inputs: ['padded'] },
    { op: 'flatten', name: 'flat', inputs: ['pool'] },
    linear('rows', 'flat', [c, c], { zeroPoints, diagonal: true }),
    linear('logits', 'rows', [5, c], {}),
  ]
  return {
    name: `int8 ${seed}`,
    inputs: { x: spec([batch, c, 5, 6]) },
    nodes,
    outputs: { logits: 'logits', mixed: 'mixed', square: 'square', strided: 'strided' },
    weights,
  }
}
