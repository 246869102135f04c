/** Operations as other programs write them. */
import { makeModel, normalInputs } from '@mobileone/conformance'
import { isMobileOneError, random, reference } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { type CoreMLPackage, fromCoreML, interpretPackage, toCoreML } from '../src/index.ts'
import { type Binding, type Operation, stringValue, tensorType, type Value } from '../src/mil/program.ts'
import { modelPath } from '../src/package.ts'
import { encodeSpecification } from '../src/write/encode-specification.ts'
import { buildSpecification } from '../src/write/to-coreml.ts'

const options = { precision: 'float32', input: 'array', output: 'values' } as const

const integers = (values: readonly number[]): Value => ({
  type: tensorType('int32', [values.length]),
  payload: { kind: 'numbers', values },
})

/** A package of one operation that makes an output of the shape `to` from an input of the shape `from`. */
function packageOf(
  type: string,
  [from, to]: readonly (readonly number[])[],
  parameters: Readonly<Record<string, Value>>,
): CoreMLPackage {
  const model = makeModel({
    inputs: { x: from as readonly number[] },
    nodes: [{ op: 'relu', name: 'y', inputs: ['x'] }],
  })
  const { specification } = buildSpecification(model, options)
  const constants = Object.entries(parameters).map(
    ([name, value]): Operation => ({
      type: 'const',
      inputs: new Map(),
      outputs: [{ name, type: value.type }],
      attributes: new Map([['val', value]]),
    }),
  )
  const bound = ['x', ...Object.keys(parameters)].map((name): [string, Binding] => [
    name,
    { kind: 'name', name },
  ])
  const output = specification.program.outputs[0] as string
  const operation: Operation = {
    type,
    inputs: new Map(bound),
    outputs: [{ name: output, type: tensorType('fp32', to) }],
    attributes: new Map(),
  }
  const program = { ...specification.program, operations: [...constants, operation] }
  const made = toCoreML(model, options)
  const files = { ...made.files, [modelPath]: encodeSpecification({ ...specification, program }) }
  return { ...made, files }
}

/** Expect the model that is read to give what the package gives. */
async function expectSame(source: CoreMLPackage): Promise<void> {
  const model = fromCoreML(source)
  const inputs = normalInputs(model, random(1))
  await using wanted = interpretPackage(source)
  await using got = await reference().compile(model)
  const [a, b] = [await got.run(inputs), await wanted.run(inputs)]
  expect(Object.keys(a)).toEqual(Object.keys(b))
  for (const [name, { data, shape }] of Object.entries(b)) {
    expect(a[name]?.shape).toEqual(shape)
    for (const [index, value] of data.entries()) expect(a[name]?.data[index]).toBeCloseTo(value, 5)
  }
}

function refusalOf(run: () => unknown): { readonly code: string; readonly message: string } | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    return isMobileOneError(error)
      ? { code: error.code, message: error.message }
      : { code: '', message: String(error) }
  }
}

describe('softmax', () => {
  const shapes = [
    [1, 3, 2, 5],
    [1, 3, 2, 5],
  ] as const
  const axis = (value: number): Record<string, Value> => ({
    axis: { type: tensorType('int32'), payload: { kind: 'numbers', values: [value] } },
  })

  test.each([3, -1])('over axis %i of 4, the last, is read', async (value) => {
    await expectSame(packageOf('softmax', shapes, axis(value)))
  })

  test('over axis 1 of 2 is read', async () => {
    await expectSame(
      packageOf(
        'softmax',
        [
          [2, 5],
          [2, 5],
        ],
        axis(1),
      ),
    )
  })

  test.each([1, -3, 0])('over axis %i of 4 is refused', (value) => {
    expect(refusalOf(() => fromCoreML(packageOf('softmax', shapes, axis(value))))).toEqual({
      code: 'unsupported',
      message: expect.stringContaining(`is a softmax over axis ${value} of 1x3x2x5; only the last axis`),
    })
  })
})

describe('avg_pool', () => {
  const pool = (
    kind: string,
    pad: readonly number[],
    to: readonly number[],
    kernel = [4, 5],
  ): CoreMLPackage =>
    packageOf('avg_pool', [[1, 3, 4, 5], to], {
      kernel_sizes: integers(kernel),
      strides: integers([1, 1]),
      pad_type: stringValue(kind),
      pad: integers(pad),
      exclude_padding_from_average: { type: tensorType('bool'), payload: { kind: 'bools', values: [false] } },
      ceil_mode: { type: tensorType('bool'), payload: { kind: 'bools', values: [false] } },
    })
  const none = [0, 0, 0, 0]

  test.each(['valid', 'custom'])('over the whole map, %s, is read', async (kind) => {
    await expectSame(pool(kind, none, [1, 3, 1, 1]))
  })

  test.each([
    ['same', none, [1, 3, 4, 5], [4, 5], /pads by "same"/],
    ['same_lower', none, [1, 3, 4, 5], [4, 5], /pads by "same_lower"/],
    ['custom', [1, 1, 1, 1], [1, 3, 3, 3], [4, 5], /pads by "custom" 1, 1, 1, 1/],
    ['valid', none, [1, 3, 3, 4], [2, 2], /pools less than the whole map/],
  ] as const)('%s with pads %j to %j is refused', (kind, pad, to, kernel, message) => {
    const source = pool(kind, pad, to, [...kernel])
    const [read, run] = [refusalOf(() => fromCoreML(source)), refusalOf(() => interpretPackage(source))]
    expect(read).toEqual({ code: 'unsupported', message: expect.stringMatching(message) })
    expect(run).toEqual({ code: 'invalid-file', message: expect.stringMatching(message) })
  })
})
