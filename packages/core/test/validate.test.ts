import { describe, expect, it } from 'vitest'
import {
  attachWeights,
  findProblems,
  type Graph,
  initialize,
  mobileone,
  type Node,
  spec,
  tensor,
  validate,
  variants,
  withBatch,
  withInputs,
  withOutputs,
} from '../src/index.ts'
import { add, batchNorm, conv, graph, statistics } from './graphs.ts'

const good = (): Graph =>
  graph(4, [conv('a', 'x'), batchNorm('b', 'a')], { 'a.weight': [4, 4, 3, 3], ...statistics('b', 4) })
const messages = (broken: Graph): string[] => findProblems(broken).map((problem) => problem.message)

/** A graph of one node that is refused as it says. */
function refusals(
  cases: Record<string, [node: object, expected: RegExp]>,
): Record<string, [() => Graph, RegExp]> {
  return Object.fromEntries(
    Object.entries(cases).map(([what, [node, expected]]) => [
      what,
      [() => graph(4, [{ name: 'n', ...node } as Node], {}), expected],
    ]),
  )
}

describe('validate', () => {
  it('accepts a well-formed graph', () => {
    expect(findProblems(good())).toEqual([])
  })

  const cases: Record<string, [() => Graph, RegExp]> = {
    'an unknown op': [
      () => ({
        ...good(),
        nodes: [...good().nodes, { op: 'erode', name: 'e', inputs: ['b'] } as unknown as Node],
        outputs: { y: 'e' },
      }),
      /node "e" \(erode\): unknown op; the known ops are conv2d/,
    ],
    'a missing weight': [
      () => graph(4, [conv('a', 'x'), batchNorm('b', 'a')], statistics('b', 4)),
      /node "a" \(conv2d\): the weight "a\.weight" is not among/,
    ],
    'a mis-shaped weight': [
      () => graph(4, [conv('a', 'x')], { 'a.weight': [4, 3, 3, 3] }),
      /node "a".*has shape 4x3x3x3, expected \?x4x\?x\?/,
    ],
    'a weight whose data has another length': [
      () => ({
        ...good(),
        weights: { ...good().weights, 'b.beta': { ...tensor([4]), data: new Float32Array(3) } },
      }),
      /"b\.beta": has shape 4 but holds 3 elements/,
    ],
    'a cycle': [
      () => graph(4, [add('p', 'x', 'q'), add('q', 'p', 'x')], {}),
      /node "p" \(add\): is part of a cycle through "q"/,
    ],
    'nodes out of order': [
      () => ({ ...good(), nodes: [...good().nodes].reverse() }),
      /node "b" \(batchNorm\): reads "a", which is made later/,
    ],
    'a name nobody makes': [
      () => graph(4, [add('s', 'x', 'ghost')], {}),
      /reads "ghost", which is neither an input nor a node/,
    ],
    'two nodes of one name': [
      () => graph(4, [add('s', 'x', 'x'), add('s', 'x', 'x')], {}),
      /another node has the same name/,
    ],
    'a node named like an input': [
      () => graph(4, [add('x', 'x', 'x')], {}),
      /names both an input and a node/,
    ],
    'a value nobody reads': [
      () => graph(4, [conv('a', 'x'), add('s', 'x', 'x')], { 'a.weight': [4, 4, 3, 3] }),
      /"a" is never used/,
    ],
    'a weight nobody reads': [
      () => graph(4, [add('s', 'x', 'x')], { lost: [3] }),
      /the weight "lost" is never used/,
    ],
    'an output that shows nothing': [
      () => graph(4, [add('s', 'x', 'x')], {}, { y: 's', z: 'gone' }),
      /output "z" shows "gone"/,
    ],
    'a kernel larger than its input': [
      () => graph(4, [conv('a', 'x', { k: 11, padding: 0 })], { 'a.weight': [4, 4, 11, 11] }),
      /a 11x11 kernel does not fit into an input of 9x9/,
    ],
    'groups that do not divide': [
      () => graph(4, [conv('a', 'x', { groups: 3 })], { 'a.weight': [3, 1, 3, 3] }),
      /4 input channels do not divide into 3 groups/,
    ],
    'operands of two shapes': [
      () => graph(4, [conv('a', 'x', { stride: 2 }), add('s', 'a', 'x')], { 'a.weight': [4, 4, 3, 3] }),
      /cannot add 1x4x5x5 and 1x4x9x9/,
    ],
    'matrices that do not fit': [
      () =>
        graph(
          4,
          [conv('a', 'x', { stride: 2 }), { op: 'matmul', name: 'p', inputs: ['x', 'a'], transposeB: true }],
          { 'a.weight': [4, 4, 3, 3] },
        ),
      /expects \[N, \.\.\., M, K\] and \[N, \.\.\., P, K\], got 1x4x9x9 and 1x4x5x5/,
    ],
    'a parameter of several items': [
      () => graph(4, [{ op: 'parameter', name: 'p', inputs: ['x'], weight: 'w' }], { w: [2, 3] }),
      /the weight "w" has shape 2x3, expected 1x3/,
    ],
    'a layer normalisation of another length': [
      () => graph(4, [{ op: 'layerNorm', name: 'n', inputs: ['x'], weight: 'w', epsilon: 1 }], { w: [4] }),
      /the weight "w" has shape 4, expected 9/,
    ],
    'an impossible stride': [
      () => graph(4, [conv('a', 'x', { stride: 0, padding: 1 })], { 'a.weight': [4, 4, 3, 3] }),
      /stride must be whole numbers of at least 1, got 0, 0/,
    ],
    ...refusals({
      'a concatenation along the batch': [
        { op: 'concat', inputs: ['x', 'x'], axis: 0 },
        /axis must be a whole number from 1 to 3 for an input 1x4x9x9, got 0/,
      ],
      'a concatenation along an axis that is not there': [
        { op: 'concat', inputs: ['x'], axis: 4 },
        /from 1 to 3.*got 4/,
      ],
      'a concatenation of nothing': [
        { op: 'concat', inputs: [], axis: 1 },
        /expects at least 1 input, has 0/,
      ],
      'a shuffle of groups that do not divide the channels': [
        { op: 'channelShuffle', inputs: ['x'], groups: 3 },
        /4 channels do not divide into 3 groups/,
      ],
      'a factor beyond float32': [
        { op: 'affine', inputs: ['x'], scale: 1e39, offset: 0 },
        /scale and offset must be finite in float32, got 1e\+39 and 0/,
      ],
      'a reshape of other elements': [
        { op: 'reshape', inputs: ['x'], shape: [0, 5, -1] },
        /cannot reshape 1x4x9x9 to 0, 5, -1; begin with 0 or -1, and keep the elements/,
      ],
      'a reshape with two open sizes': [
        { op: 'reshape', inputs: ['x'], shape: [0, -1, -1] },
        /cannot reshape 1x4x9x9 to 0, -1, -1/,
      ],
      'a reshape that fixes the batch': [
        { op: 'reshape', inputs: ['x'], shape: [1, 4, 81] },
        /cannot reshape 1x4x9x9 to 1, 4, 81; begin with 0 or -1/,
      ],
      'a transpose of the batch': [
        { op: 'transpose', inputs: ['x'], permutation: [1, 0, 2, 3] },
        /axes must be 0, then 1 to 3 in any order, got 1, 0, 2, 3/,
      ],
      'a transpose of an axis twice': [
        { op: 'transpose', inputs: ['x'], permutation: [0, 1, 1, 3] },
        /got 0, 1, 1, 3/,
      ],
      'a product times a text': [
        { op: 'matmul', inputs: ['x', 'x'], transposeB: true, scale: '2' },
        /its scale is "2"/,
      ],
      'a slice of nothing': [
        { op: 'slice', inputs: ['x'], axis: 1, start: 2, end: 2 },
        /needs 0 <= start < end <= 4 along axis 1 of 1x4x9x9, got 2 and 2/,
      ],
      'a slice beyond the end': [
        { op: 'slice', inputs: ['x'], axis: 2, start: 0, end: 10 },
        /end <= 9.*got 0 and 10/,
      ],
      'a slice at half an element': [
        { op: 'slice', inputs: ['x'], axis: 2, start: 0.5, end: 2 },
        /got 0.5 and 2/,
      ],
      'a slice along the batch': [
        { op: 'slice', inputs: ['x'], axis: 0, start: 0, end: 1 },
        /from 1 to 3.*got 0/,
      ],
      'a pool padded by more than half its kernel': [
        { op: 'maxPool', inputs: ['x'], kernel: [2, 3], stride: [1, 1], padding: [1, 2] },
        /padding of 1, 2 is more than half the kernel of 2, 3/,
      ],
      'a pool larger than its input': [
        { op: 'maxPool', inputs: ['x'], kernel: [11, 3], stride: [1, 1], padding: [0, 0] },
        /a 11x3 kernel does not fit into an input of 9x9/,
      ],
      'a pool without stride': [
        { op: 'maxPool', inputs: ['x'], kernel: [2, 2], stride: [0, 1], padding: [0, 0] },
        /stride must be whole numbers of at least 1, got 0, 1/,
      ],
      'an upsampling by nothing': [
        { op: 'upsample', inputs: ['x'], mode: 'nearest' },
        /needs either a scale or a size/,
      ],
      'an upsampling by two things': [
        { op: 'upsample', inputs: ['x'], mode: 'nearest', scale: [2, 2], size: [18, 18] },
        /needs either a scale or a size/,
      ],
      'an upsampling by a fraction': [
        { op: 'upsample', inputs: ['x'], mode: 'bilinear', scale: [1.5, 2] },
        /scale must be whole numbers of at least 1, got 1.5, 2/,
      ],
      'an upsampling to nothing': [
        { op: 'upsample', inputs: ['x'], mode: 'bilinear', size: [0, 2] },
        /size must be whole numbers of at least 1/,
      ],
      'corners that nearest would align': [
        { op: 'upsample', inputs: ['x'], mode: 'nearest', alignCorners: true, scale: [2, 2] },
        /only bilinear can align corners/,
      ],
    }),
    'values that do not fit side by side': [
      () =>
        graph(4, [conv('a', 'x', { stride: 2 }), { op: 'concat', name: 'c', inputs: ['x', 'a'], axis: 1 }], {
          'a.weight': [4, 4, 3, 3],
        }),
      /cannot join 1x4x9x9 and "a" 1x4x5x5 along axis 1/,
    ],
    'no output': [() => graph(4, [add('s', 'x', 'x')], {}, {}), /the model has no output/],
    'a size that is no size': [
      () => ({ ...good(), inputs: { x: { dtype: 'float32', shape: [1, 4, 0, 9] } } }) as Graph,
      /input "x": every size must be a whole number/,
    ],
  }
  it.each(Object.entries(cases))('finds %s', (_, [build, expected]) => {
    expect(messages(build()).join('\n')).toMatch(expected)
    expect(() => validate(build())).toThrow(expected)
  })

  it('lists every problem at once', () => {
    const broken = graph(4, [add('s', 'x', 'ghost'), conv('a', 'x')], { lost: [1] })
    expect(messages(broken).length).toBeGreaterThanOrEqual(3)
    expect(() => validate(broken)).toThrow(/has \d problems/)
  })
})

describe('values that are no model', () => {
  const values: Record<string, unknown> = {
    null: null,
    'a text': 'model',
    'a list': [],
    'an empty object': {},
    'no nodes': { ...good(), nodes: undefined },
    'nodes that are none': { ...good(), nodes: [null, 1, [], {}, { name: 'a' }, { op: 'conv2d' }] },
    'inputs that are no names': { ...good(), nodes: [{ op: 'relu', name: 'r', inputs: [null] }] },
    'no weight name': { ...good(), nodes: [{ ...good().nodes[0], weight: undefined }] },
    'a stride that is a number': { ...good(), nodes: [{ ...good().nodes[0], stride: 1 }] },
    'a batch normalisation without epsilon': { ...good(), nodes: [{ ...good().nodes[1], epsilon: null }] },
    'an upsampling of another mode': {
      ...good(),
      nodes: [{ op: 'upsample', name: 'u', inputs: ['x'], mode: 'bicubic', scale: [2, 2] }],
    },
    'a pool without a kernel': {
      ...good(),
      nodes: [{ op: 'maxPool', name: 'p', inputs: ['x'], stride: [1, 1], padding: [0, 0] }],
    },
    'a slice without an end': {
      ...good(),
      nodes: [{ op: 'slice', name: 's', inputs: ['x'], axis: 1, start: 0 }],
    },
    'no shape': { ...good(), inputs: { x: { dtype: 'float32' } } },
    'a shape with holes': { ...good(), inputs: { x: { dtype: 'float32', shape: new Array(4) } } },
    'a weight that is none': { ...good(), weights: { ...good().weights, 'a.weight': null } },
    'another data type': {
      ...good(),
      weights: { ...good().weights, 'a.weight': { dtype: 'int4', shape: [1] } },
    },
    'an output that names nothing': { ...good(), outputs: { y: 3 } },
  }
  it.each(Object.entries(values))('%s', (_, value) => {
    expect(findProblems(value as Graph)).not.toEqual([])
    expect(() => validate(value as Graph)).toThrow(expect.objectContaining({ code: 'invalid-model' }))
  })
})

it('takes time linear in the nodes, in any order', () => {
  const count = 6000
  const chain = Array.from({ length: count }, (_, index) =>
    add(`n${index}`, index ? `n${index - 1}` : 'x', 'x'),
  )
  const loop = chain.map((node, index) => (index === 0 ? add('n0', `n${count - 1}`, 'x') : node))
  for (const nodes of [chain, chain.toReversed(), loop]) {
    const started = process.cpuUsage()
    const problems = findProblems(graph(1, nodes, {}, { y: `n${count - 1}` }))
    const { user, system } = process.cpuUsage(started)
    expect((user + system) / 1000, 'milliseconds of processor time').toBeLessThan(1000)
    expect(problems.length).toBe(nodes === chain ? 0 : nodes === loop ? 1 : count - 1)
  }
})

describe('attachWeights', () => {
  it('lists what is missing, mis-shaped and left over', () => {
    const tensors = {
      'a.weight': tensor([4, 4, 1, 1]),
      'b.gamma': tensor([4]),
      'b.beta': tensor([4]),
      'b.mean': tensor([4]),
      other: tensor([1]),
    }
    expect(() => attachWeights(good(), tensors)).toThrow(
      /1 missing: b\.variance; 1 of another shape: a\.weight \(4x4x1x1, expected 4x4x3x3\); 1 not part of the model: other/,
    )
  })
})

describe('edits', () => {
  const s0 = mobileone(variants.s0, { form: 'deploy' })

  it('runs the same network at another size and batch', () => {
    expect(withBatch(s0, 3).inputs).toEqual({ image: { dtype: 'float32', shape: [3, 3, 224, 224] } })
    expect(withInputs(s0, { image: [1, 3, 97, 33] }).inputs.image?.shape).toEqual([1, 3, 97, 33])
    expect(() => withInputs(s0, { image: [1, 4, 97, 33] })).toThrow(/has shape 48x3x3x3, expected \?x4x/)
    expect(() => withInputs(s0, { picture: [1] })).toThrow(/has no input "picture"/)
  })

  it('keeps only what the outputs need', () => {
    const model = initialize(mobileone({ ...variants.s0, classes: 2 }, { form: 'deploy' }), { seed: 1 })
    const embedding = withOutputs(model, { embedding: 'flatten' })
    validate(embedding)
    expect(embedding.weights['head.weight']).toBeUndefined()
    const two: Graph = {
      name: 'two inputs',
      inputs: { x: spec([1, 2]), other: spec([1, 2]) },
      nodes: [
        { op: 'relu', name: 'a', inputs: ['x'] },
        { op: 'add', name: 'y', inputs: ['a', 'other'] },
      ],
      outputs: { y: 'y' },
      weights: {},
    }
    const first = withOutputs(two, { a: 'a' })
    validate(first)
    expect(Object.keys(first.inputs)).toEqual(['x'])
    expect(Object.keys(withOutputs(two, { z: 'other' }).inputs)).toEqual(['other'])
    expect(() => withOutputs(model, { y: 'nothing' })).toThrow(/has no value "nothing"/)
  })
})
