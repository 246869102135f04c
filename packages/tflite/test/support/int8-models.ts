import { convNode, makeModel } from '@mobileone/conformance'
import {
  floatWeight,
  type Model,
  type QuantizedTensor,
  quantizeWeight,
  type Random,
  random,
} from '@mobileone/core'

/** Steps of inputs, a diagonal, or neither. */
type Parts = readonly ('inputSteps' | 'diagonal' | 'zeroPoints')[]

const layers: Readonly<Record<string, Parts>> = {
  depthwise: ['zeroPoints'],
  square: ['inputSteps', 'diagonal'],
  wide: ['inputSteps'],
  strided: ['inputSteps', 'diagonal'],
  stored: ['diagonal', 'zeroPoints'],
  head: ['inputSteps', 'diagonal'],
  logits: [],
}

/** A network of layers with int8 weights of every kind, those at a stride with a diagonal among them. */
export function int8Model(seed: number): Model {
  const source = random(seed)
  const [c, more] = [source.integer(2, 9), source.integer(3, 12)]
  const named = (name: string): { weight: string; bias: string } => ({
    weight: `${name}.weight`,
    bias: `${name}.bias`,
  })
  const model = makeModel(
    {
      name: 'int8',
      inputs: { image: [2, c, 7, 6] },
      nodes: [
        convNode('depthwise', 'image', { ...named('depthwise'), padding: [1, 1], groups: c }),
        { op: 'relu', name: 'relu', inputs: ['depthwise'] },
        convNode('square', 'relu', named('square')),
        { op: 'relu', name: 'clipped', inputs: ['square'] },
        convNode('wide', 'clipped', named('wide')),
        { op: 'relu6', name: 'relu6', inputs: ['wide'] },
        convNode('strided', 'relu6', { ...named('strided'), stride: [2, 1] }),
        convNode('stored', 'strided', named('stored')),
        { op: 'globalAvgPool', name: 'pool', inputs: ['stored'] },
        { op: 'flatten', name: 'flat', inputs: ['pool'] },
        { op: 'linear', name: 'head', inputs: ['flat'], ...named('head') },
        { op: 'relu', name: 'last', inputs: ['head'] },
        { op: 'linear', name: 'logits', inputs: ['last'], ...named('logits') },
      ],
      weights: {
        'depthwise.weight': [c, 1, 3, 3],
        'square.weight': [c, c, 1, 1],
        'wide.weight': [more, c, 1, 1],
        'strided.weight': [more, more, 1, 1],
        'stored.weight': [more, more, 1, 1],
        'head.weight': [more, more],
        'logits.weight': [5, more],
        ...Object.fromEntries(
          Object.keys(layers).map((name) => [
            `${name}.bias`,
            [name === 'logits' ? 5 : name === 'depthwise' || name === 'square' ? c : more],
          ]),
        ),
      },
      outputs: { logits: 'logits', stored: 'stored', clipped: 'clipped' },
    },
    source,
  )
  const weights = Object.entries(layers).map(([name, parts]) => {
    const key = `${name}.weight`
    return [key, withParts(quantizeWeight(floatWeight(model, key)), parts, source)] as const
  })
  return { ...model, weights: { ...model.weights, ...Object.fromEntries(weights) } }
}

function withParts(weight: QuantizedTensor, parts: Parts, source: Random): QuantizedTensor {
  const { zeroPoints, data, ...kept } = weight
  const has = (part: Parts[number]): boolean => parts.includes(part)
  return {
    ...kept,
    data: has('zeroPoints') ? data : data.map((level) => Math.max(level, -127)),
    ...(has('zeroPoints') && zeroPoints && { zeroPoints }),
    ...(has('diagonal') && { diagonal: Float32Array.from(weight.scales, () => source.normal()) }),
    ...(has('inputSteps') && {
      inputSteps: Float32Array.from({ length: weight.shape[1] as number }, () => 0.01 + 0.02 * source.next()),
      scales: weight.scales.map((scale) => scale / 50),
    }),
  }
}
