import { describe, expect, test } from 'vitest'
import { lint } from '../src/index.ts'
import {
  type Description,
  type Feature,
  type Operation,
  type Program,
  type Specification,
  tensorType,
  type Value,
} from '../src/mil/program.ts'
import type { CoreMLOptions } from '../src/write/options.ts'
import { buildSpecification } from '../src/write/to-coreml.ts'
import { tinyModel, wideModel } from './support/models.ts'

type Built = ReturnType<typeof buildSpecification>

const classifier = buildSpecification(tinyModel())
const arrays = buildSpecification(tinyModel(), { input: 'array', output: 'values' })
const int8 = buildSpecification(wideModel(), { precision: 'int8' })

function messages({ specification, weights }: Built): readonly string[] {
  return lint(specification, weights).map(({ message }) => message)
}

function withProgram(built: Built, change: Partial<Program>): Built {
  return {
    ...built,
    specification: { ...built.specification, program: { ...built.specification.program, ...change } },
  }
}

function withDescription(built: Built, change: Partial<Description>): Built {
  const description = { ...built.specification.description, ...change }
  return { ...built, specification: { ...built.specification, description } }
}

function withSpecification(built: Built, change: Partial<Specification>): Built {
  return { ...built, specification: { ...built.specification, ...change } }
}

/** The program with the first operation of a type changed. */
function withOperation(
  built: Built,
  type: string,
  change: (operation: Operation) => Partial<Operation>,
): Built {
  const { operations } = built.specification.program
  const at = operations.findIndex((operation) => operation.type === type)
  expect(at, type).toBeGreaterThanOrEqual(0)
  return withProgram(built, {
    operations: operations.map((operation, index) =>
      index === at ? { ...operation, ...change(operation) } : operation,
    ),
  })
}

function withFeature(
  built: Built,
  side: 'inputs' | 'outputs',
  index: number,
  change: Partial<Feature>,
): Built {
  const features = built.specification.description[side]
  return withDescription(built, {
    [side]: features.map((feature, at) => (at === index ? { ...feature, ...change } : feature)),
  })
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  return new Map([...map].filter(([other]) => other !== key))
}

function rename(built: Built, from: string, to: string): Built {
  const { program } = built.specification
  return withProgram(built, {
    operations: program.operations.map((operation) => ({
      ...operation,
      outputs: operation.outputs.map((output) => (output.name === from ? { ...output, name: to } : output)),
      inputs: new Map(
        [...operation.inputs].map(([key, binding]) => [
          key,
          binding.kind === 'name' && binding.name === from ? { kind: 'name', name: to } : binding,
        ]),
      ),
    })),
  })
}

function reoutput(
  operation: Operation,
  dtype: 'fp16' | 'fp32',
  shape: readonly number[],
): Partial<Operation> {
  return { outputs: [{ name: operation.outputs[0]?.name ?? '', type: tensorType(dtype, shape) }] }
}

const blob = (value: Value | undefined, change: object): Value =>
  ({ ...value, payload: { ...value?.payload, ...change } }) as Value

test.each<[string, CoreMLOptions]>([
  ['default', {}],
  ['float32', { precision: 'float32' }],
  ['int8', { precision: 'int8' }],
  ['arrays', { input: 'array', output: 'values', embedding: true }],
  ['ios18', { target: 'ios18' }],
])('what the exporter makes has no problem: %s', (_, options) => {
  expect(messages(buildSpecification(wideModel(), options))).toEqual([])
})

describe('a broken program is found', () => {
  const firstWeight = (change: object): Built =>
    withProgram(classifier, {
      operations: classifier.specification.program.operations.map((operation) => {
        if (operation.outputs[0]?.name !== 'stem_weight') return operation
        const val = blob(operation.attributes.get('val'), change)
        return { ...operation, attributes: new Map([...operation.attributes, ['val', val]]) }
      }),
    })
  const first = classifier.specification.program.operations.findIndex(({ type }) => type === 'relu')
  const swapped = [...classifier.specification.program.operations]
  swapped.unshift(...swapped.splice(first, 1))

  test.each<[string, Built, RegExp]>([
    [
      'output shape',
      withOperation(classifier, 'conv', (o) => reoutput(o, 'fp16', [1, 6, 9, 9])),
      /is declared fp16\[1, 6, 9, 9\]/,
    ],
    [
      'output type',
      withOperation(classifier, 'relu', (o) => reoutput(o, 'fp32', [1, 6, 23, 19])),
      /is declared fp32/,
    ],
    [
      'bias length',
      withOperation(classifier, 'conv', (o) => ({
        inputs: new Map([...o.inputs, ['bias', { kind: 'name', name: 'strides_2_2' }]]),
      })),
      /bias must be/,
    ],
    ['blob offset', firstWeight({ offset: 65 }), /no blob at byte 65/],
    ['blob offset beyond the file', firstWeight({ offset: 2 ** 40 }), /no blob at byte/],
    [
      'blob of another weight',
      firstWeight({ offset: classifier.weights.length - (classifier.weights.length % 64) }),
      /no blob|bytes, not|is not fp16/,
    ],
    ['weight file', firstWeight({ file: '@model_path/weight.bin' }), /the weight file is/],
    ['blob type', { ...classifier, weights: patched(classifier.weights, 68, 2) }, /is not fp16/],
    ['sentinel', { ...classifier, weights: patched(classifier.weights, 64, 0) }, /no blob at byte 64/],
    [
      'float16 into classify',
      withOperation(classifier, 'classify', (o) => ({
        inputs: new Map([...o.inputs, ['probabilities', { kind: 'name', name: 'probabilities' }]]),
      })),
      /must be fp32/,
    ],
    ['unknown op', withOperation(classifier, 'relu', () => ({ type: 'prelu' })), /unknown op/],
    [
      'unknown argument',
      withOperation(classifier, 'relu', (o) => ({
        inputs: new Map([...o.inputs, ['alpha', { kind: 'name', name: 'image' }]]),
      })),
      /no argument "alpha"/,
    ],
    [
      'missing argument',
      withOperation(classifier, 'conv', (o) => ({ inputs: without(o.inputs, 'dilations') })),
      /"dilations" is missing/,
    ],
    [
      'missing name',
      withOperation(classifier, 'relu', (o) => ({ attributes: without(o.attributes, 'name') })),
      /"name" is missing/,
    ],
    ['unsorted operations', withProgram(classifier, { operations: swapped }), /no earlier operation makes/],
    ['program version', withProgram(classifier, { version: 0 }), /version 0, not 1/],
    [
      'duplicate value',
      withOperation(classifier, 'relu', (o) => ({
        outputs: [{ ...o.outputs[0], name: 'stem' } as (typeof o.outputs)[0]],
      })),
      /two values are named "stem"/,
    ],
    ['identifier with a dot', rename(classifier, 'stem', 'stage.0'), /"stage.0" is not an identifier/],
    ['reserved word', rename(classifier, 'stem', 'tensor'), /"tensor" is not an identifier/],
    [
      'float16 array in version 6',
      withFeature(arrays, 'outputs', 0, { type: { kind: 'multiArray', dtype: 'fp16', shape: [1, 5] } }),
      /float16, which needs specification version 7/,
    ],
    [
      'image without colour space',
      withFeature(classifier, 'inputs', 0, {
        type: { kind: 'image', width: 37, height: 45, colorSpace: 'none' },
      }),
      /no colour space/,
    ],
    [
      'image of another size',
      withFeature(classifier, 'inputs', 0, {
        type: { kind: 'image', width: 45, height: 37, colorSpace: 'rgb' },
      }),
      /the feature "image"/,
    ],
    [
      'array without type',
      withFeature(arrays, 'inputs', 0, { type: { kind: 'multiArray', dtype: 'none', shape: [] } }),
      /no element type/,
    ],
    ['version too new', withSpecification(classifier, { version: 99 }), /not 99/],
    ['version too old', withSpecification(classifier, { version: 5 }), /not 5/],
    [
      'opset of another version',
      withProgram(classifier, { opset: 'CoreML7', specialization: 'CoreML7' }),
      /is CoreML5, not CoreML7/,
    ],
    [
      'block of another opset',
      withProgram(classifier, { specialization: 'CoreML6' }),
      /specialised for CoreML6/,
    ],
    ['function name', withProgram(classifier, { functionName: 'predict' }), /not "main"/],
    [
      'predicted feature',
      withDescription(classifier, { predictedFeatureName: '' }),
      /predictedFeatureName is ""/,
    ],
    [
      'unknown predicted feature',
      withDescription(classifier, { predictedFeatureName: 'label' }),
      /predictedFeatureName is "label"/,
    ],
    [
      'probabilities name',
      withDescription(classifier, { predictedProbabilitiesName: '' }),
      /predictedProbabilitiesName/,
    ],
    [
      'probabilities key',
      withFeature(classifier, 'outputs', 1, { type: { kind: 'dictionary', key: 'int64' } }),
      /described as dictionary of int64/,
    ],
    [
      'feature name',
      withFeature(classifier, 'inputs', 0, { name: 'data' }),
      /the description's inputs are data/,
    ],
    [
      'missing block output',
      withProgram(classifier, { outputs: ['classLabel'] }),
      /the description's outputs/,
    ],
    ['unmade block output', withProgram(arrays, { outputs: ['nothing'] }), /which nothing makes/],
    [
      'order of a classifier',
      withProgram(classifier, { outputs: ['classLabel_probs', 'classLabel'] }),
      /must start with the label/,
    ],
    [
      'op newer than the opset',
      withSpecification(withProgram(int8, { opset: 'CoreML5', specialization: 'CoreML5' }), { version: 6 }),
      /needs specification version 7/,
    ],
    ['labels', withLabels((labels) => labels.slice(1)), /4 labels for 5 probabilities/],
    [
      'equal labels',
      withLabels((labels) => [labels[0] as Value, ...labels.slice(0, 4)]),
      /two labels are the same/,
    ],
  ])('%s', (_, built, message) => {
    expect(messages(built).join('\n')).toMatch(message)
  })
})

function withLabels(change: (labels: readonly Value[]) => readonly Value[]): Built {
  return withOperation(classifier, 'classify', (operation) => {
    const classes = operation.inputs.get('classes')
    if (classes?.kind !== 'value' || classes.value.payload.kind !== 'list') throw new Error('no labels')
    const values = change(classes.value.payload.values)
    const type = { kind: 'list', element: tensorType('string'), length: values.length } as const
    const value: Value = { type, payload: { kind: 'list', values } }
    return { inputs: new Map([...operation.inputs, ['classes', { kind: 'value', value }]]) }
  })
}

function patched(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = value
  return copy
}
