import { type Model, type Node, type Op, random, tensor, type Unary } from '@mobileone/core'
import type { Definition } from '../definition.ts'
import { batchNormNode, batchNormWeights, convNode, makeModel, normalInputs } from '../make-model.ts'
import type { Trial } from '../trial.ts'
import { eachUnary } from './each-unary.ts'

const nonFinite = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]

/** Every special value at every place a kernel's main loop and its remainder would put it. */
function elementwiseTrials(op: Unary['op']): readonly Trial[] {
  const values = [...nonFinite, -0, 1e30, -1e30, 88.5, -88.5, 104, -104, 1e-40, 6, -6]
  return [values, [...values, 1], [...values].reverse()].map((elements, seed) => {
    const model = makeModel(
      {
        name: op,
        inputs: { x: [1, elements.length] },
        nodes: [{ op, name: 'y', inputs: ['x'] }],
      },
      random(seed),
    )
    return {
      seed,
      parameters: { elements: elements.map(String) },
      model,
      inputs: { x: tensor([1, elements.length], Float32Array.from(elements)) },
    }
  })
}

/** Put each non-finite value into each of some places of the first input. */
function placedTrials(model: Model, places: readonly number[]): readonly Trial[] {
  const [name = ''] = Object.keys(model.inputs)
  return nonFinite.flatMap((value) =>
    places.map((place, seed) => {
      const inputs = normalInputs(model, random(seed))
      const data = inputs[name]?.data as Float32Array
      data[place % data.length] = value
      return { seed, parameters: { value: String(value), place: place % data.length }, model, inputs }
    }),
  )
}

const places = [0, 7, 31, 59, 119]
const shape = [2, 3, 5, 4]

function opModel(nodes: readonly Node[], weights: Readonly<Record<string, readonly number[]>> = {}): Model {
  return makeModel({ name: 'special values', inputs: { x: shape }, nodes, weights }, random(5))
}

const elementwise = (op: Unary['op']): Definition => definition(op, [op], () => elementwiseTrials(op))

function definition(name: string, ops: readonly Op[], trials: () => readonly Trial[]): Definition {
  return {
    name: `NaN and infinity: ${name}`,
    ops,
    trials,
  }
}

/** NaN and infinity come out where the reference has them, and nowhere else. */
export const valueCases: Readonly<Record<Op, readonly Definition[]>> = {
  conv2d: [
    definition('conv2d, dense', ['conv2d'], () =>
      placedTrials(
        opModel([convNode('y', 'x', { padding: [1, 1] })], { 'y.weight': [5, 3, 3, 3], 'y.bias': [5] }),
        places,
      ),
    ),
    definition('conv2d, pointwise', ['conv2d'], () =>
      placedTrials(opModel([convNode('y', 'x')], { 'y.weight': [5, 3, 1, 1], 'y.bias': [5] }), places),
    ),
    definition('conv2d, depthwise', ['conv2d'], () =>
      placedTrials(
        opModel([convNode('y', 'x', { padding: [1, 1], groups: 3 })], {
          'y.weight': [3, 1, 3, 3],
          'y.bias': [3],
        }),
        places,
      ),
    ),
    definition('conv2d with relu', ['conv2d', 'relu'], () =>
      placedTrials(
        opModel([convNode('conv', 'x'), { op: 'relu', name: 'y', inputs: ['conv'] }], {
          'conv.weight': [5, 3, 1, 1],
          'conv.bias': [5],
        }),
        places,
      ),
    ),
  ],
  batchNorm: [
    definition('batchNorm', ['batchNorm'], () =>
      placedTrials(opModel([batchNormNode('y', 'x')], batchNormWeights('y', 3)), places),
    ),
  ],
  linear: [
    definition('linear', ['flatten', 'linear'], () =>
      placedTrials(
        opModel(
          [
            { op: 'flatten', name: 'flat', inputs: ['x'] },
            { op: 'linear', name: 'y', inputs: ['flat'], weight: 'y.weight', bias: 'y.bias' },
          ],
          { 'y.weight': [7, 60], 'y.bias': [7] },
        ),
        places,
      ),
    ),
  ],
  ...eachUnary((op) => [elementwise(op)]),
  affine: [
    definition('affine', ['affine'], () =>
      placedTrials(opModel([{ op: 'affine', name: 'y', inputs: ['x'], scale: -2, offset: 1 }]), places),
    ),
  ],
  add: [
    definition('add', ['add'], () =>
      placedTrials(opModel([{ op: 'add', name: 'y', inputs: ['x', 'x'] }]), places),
    ),
  ],
  mul: [
    definition('mul', ['mul'], () =>
      placedTrials(opModel([{ op: 'mul', name: 'y', inputs: ['x', 'x'] }]), places),
    ),
  ],
  maximum: [
    definition('maximum', ['maximum'], () => [
      ...placedTrials(opModel([{ op: 'maximum', name: 'y', inputs: ['x', 'x'] }]), places),
      ...placedTrials(
        opModel([
          { op: 'affine', name: 'other', inputs: ['x'], scale: 0.5, offset: 0 },
          { op: 'maximum', name: 'y', inputs: ['x', 'other'] },
        ]),
        places,
      ),
    ]),
  ],
  globalAvgPool: [
    definition('globalAvgPool', ['globalAvgPool'], () =>
      placedTrials(opModel([{ op: 'globalAvgPool', name: 'y', inputs: ['x'] }]), places),
    ),
  ],
  maxPool: [
    definition('maxPool', ['maxPool'], () =>
      placedTrials(
        opModel([
          { op: 'maxPool', name: 'y', inputs: ['x'], kernel: [3, 3], stride: [2, 2], padding: [1, 1] },
        ]),
        places,
      ),
    ),
  ],
  upsample: (['nearest', 'bilinear'] as const).map((mode) =>
    definition(`upsample, ${mode}`, ['upsample'], () =>
      placedTrials(opModel([{ op: 'upsample', name: 'y', inputs: ['x'], mode, scale: [2, 3] }]), places),
    ),
  ),
  concat: [
    definition('concat', ['concat'], () =>
      placedTrials(opModel([{ op: 'concat', name: 'y', inputs: ['x', 'x'], axis: 1 }]), places),
    ),
  ],
  slice: [
    definition('slice', ['slice'], () =>
      placedTrials(opModel([{ op: 'slice', name: 'y', inputs: ['x'], axis: 1, start: 1, end: 3 }]), places),
    ),
  ],
  channelShuffle: [
    definition('channelShuffle', ['channelShuffle'], () =>
      placedTrials(opModel([{ op: 'channelShuffle', name: 'y', inputs: ['x'], groups: 1 }]), places),
    ),
  ],
  flatten: [
    definition('flatten', ['flatten'], () =>
      placedTrials(opModel([{ op: 'flatten', name: 'y', inputs: ['x'] }]), places),
    ),
  ],
  softmax: [
    definition('softmax', ['flatten', 'softmax'], () =>
      placedTrials(
        opModel([
          { op: 'flatten', name: 'flat', inputs: ['x'] },
          { op: 'softmax', name: 'y', inputs: ['flat'] },
        ]),
        places,
      ),
    ),
  ],
  layerNorm: [
    definition('layerNorm', ['layerNorm'], () =>
      placedTrials(opModel([{ op: 'layerNorm', name: 'y', inputs: ['x'], epsilon: 1e-5 }]), places),
    ),
  ],
  matmul: [
    definition('matmul', ['matmul'], () =>
      placedTrials(opModel([{ op: 'matmul', name: 'y', inputs: ['x', 'x'], transposeB: true }]), places),
    ),
  ],
  reshape: [
    definition('reshape', ['reshape'], () =>
      placedTrials(opModel([{ op: 'reshape', name: 'y', inputs: ['x'], shape: [0, 15, -1] }]), places),
    ),
  ],
  transpose: [
    definition('transpose', ['transpose'], () =>
      placedTrials(
        opModel([{ op: 'transpose', name: 'y', inputs: ['x'], permutation: [0, 3, 1, 2] }]),
        places,
      ),
    ),
  ],
  parameter: [
    definition('parameter', ['parameter'], () =>
      placedTrials(
        opModel([{ op: 'parameter', name: 'y', inputs: ['x'], weight: 'token' }], { token: [1, 2, 5] }),
        places,
      ),
    ),
  ],
}
