import {
  type Model,
  type QuantizedTensor,
  quantizeWeight,
  type Random,
  random,
  type Tensor,
} from '@mobileone/core'
import type { Definition } from '../definition.ts'
import { convNode, makeModel, normalInputs, pick } from '../make-model.ts'
import type { Trial } from '../trial.ts'

/** Weights in another storage than float32 stand for their float32 elements, whatever kernels a backend has for them. */
export const storageCases: readonly Definition[] = [
  {
    name: 'weights stored as int8, with zero points and a diagonal',
    ops: ['conv2d', 'relu', 'globalAvgPool', 'flatten', 'linear'],
    trials: () => Array.from({ length: 4 }, (_, seed) => int8Trial(seed)),
  },
]

function int8Trial(seed: number): Trial {
  const source = random(seed)
  const channels = pick(source, [3, 8, 13])
  const floats = makeModel(
    {
      name: 'int8 weights',
      inputs: { x: [2, channels, 5, 6] },
      nodes: [
        convNode('depthwise', 'x', { groups: channels, padding: [1, 1] }),
        { op: 'relu', name: 'relu', inputs: ['depthwise'] },
        convNode('pointwise', 'relu'),
        { op: 'globalAvgPool', name: 'pool', inputs: ['pointwise'] },
        { op: 'flatten', name: 'flat', inputs: ['pool'] },
        { op: 'linear', name: 'y', inputs: ['flat'], weight: 'y.weight', bias: 'y.bias' },
      ],
      weights: {
        'depthwise.weight': [channels, 1, 3, 3],
        'depthwise.bias': [channels],
        'pointwise.weight': [channels, channels, 1, 1],
        'pointwise.bias': [channels],
        'y.weight': [7, channels],
        'y.bias': [7],
      },
    },
    source,
  )
  const model: Model = {
    ...floats,
    weights: {
      ...floats.weights,
      'depthwise.weight': quantized(floats, 'depthwise.weight'),
      'pointwise.weight': withDiagonal(quantized(floats, 'pointwise.weight'), source),
      'y.weight': quantized(floats, 'y.weight'),
    },
  }
  return { seed, parameters: { channels }, model, inputs: normalInputs(model, source) }
}

function quantized(model: Model, name: string): QuantizedTensor {
  return quantizeWeight(model.weights[name] as Tensor)
}

function withDiagonal(weight: QuantizedTensor, source: Random): QuantizedTensor {
  return { ...weight, diagonal: Float32Array.from(weight.scales, () => source.normal()) }
}
