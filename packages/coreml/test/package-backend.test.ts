import { type Model, maxAbsDifference, reference, type Tensor, tensor } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { fromCoreML, packageBackend, toCoreML } from '../src/index.ts'
import { fromMLModel, toMLModel } from '../src/mlmodel.ts'
import { normalInputs, tinyModel } from './support/models.ts'

const model = tinyModel()
const logitsOf = async (
  executor: Awaited<ReturnType<ReturnType<typeof reference>['compile']>>,
): Promise<Tensor> => (await executor.run(normalInputs(model))).logits as Tensor

describe('the interpreter of a package takes what the model read from it takes', () => {
  test('pixels are made of normalised values, and logits of probabilities but for a constant', async () => {
    const made = toCoreML(model, { precision: 'float32' })
    const read = fromCoreML(made)
    await using executor = await packageBackend(made, read).compile(read)
    expect(Object.keys(executor.inputs)).toEqual(Object.keys(read.inputs))
    expect(Object.keys(executor.outputs)).toEqual(['logits'])
    await using exact = await reference().compile(read)
    const [{ data: found }, { data: wanted, shape }] = [await logitsOf(executor), await logitsOf(exact)]
    const shift = (wanted[0] as number) - (found[0] as number)
    const shifted = tensor(
      shape,
      found.map((value) => value + shift),
    )
    expect(maxAbsDifference(shifted, tensor(shape, wanted))).toBeLessThan(1e-4)
  })

  test('arrays and logits are given as they are', async () => {
    const made = toCoreML(model, { precision: 'float32', input: 'array', output: 'values' })
    const read = fromCoreML(made)
    await using executor = await packageBackend(made, read).compile(read)
    await using exact = await reference().compile(read)
    expect(maxAbsDifference(await logitsOf(executor), await logitsOf(exact))).toBeLessThan(1e-4)
  })

  test('a package without logits or probabilities is refused, naming what it shows', async () => {
    const value = model.outputs.logits as string
    const renamed: Model = { ...model, outputs: { first: value, second: value } }
    const made = toCoreML(renamed, { input: 'array', output: 'values' })
    await expect(packageBackend(made, model).compile(model)).rejects.toMatchObject({
      code: 'unsupported',
      message: 'the package of "tiny" shows first, second and no logits or probabilities to classify by',
    })
  })
})

test('each form has its reader, and the other says which', () => {
  const file = toMLModel(model)
  expect(() => fromCoreML(file)).toThrow(/neural network.*fromMLModel of @mobileone\/coreml\/mlmodel/)
  expect(() => fromMLModel(toCoreML(model))).toThrow(/ML program.*fromCoreML of @mobileone\/coreml/)
  expect(() => packageBackend(file, fromMLModel(file))).toThrow(
    /runs ML programs, and "tiny" is a neural network/,
  )
})
