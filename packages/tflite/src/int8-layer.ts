import { type Conv2d, inverseSteps, type Linear, type Model, type QuantizedTensor } from '@mobileone/core'
import { int8 } from './flatbuffer.ts'
import { channelsLast, type Lowering } from './lowering.ts'
import { activations } from './schema.ts'

/**
 * The int8 weight of a layer where the file holds it as int8. Undefined where it is float32, or where its steps or its diagonal are of a
 * layer that the multiplications of {@link inputsOf} do not say.
 */
export function levelsOf(model: Model, node: Conv2d | Linear): QuantizedTensor | undefined {
  const weight = model.weights[node.weight]
  if (weight?.dtype !== 'int8') return undefined
  if (node.op === 'linear') return weight
  const isPlain = node.stride.every((size) => size === 1) && node.padding.every((size) => size === 0)
  if ((weight.inputSteps && node.groups > 1) || (weight.diagonal && !isPlain)) return undefined
  return weight
}

/** What a layer reads: its input in steps, where its weight has those, and what its outputs take of their own input. */
export function inputsOf(
  lowering: Lowering,
  node: Conv2d | Linear,
  input: number,
  levels: QuantizedTensor | undefined,
): { readonly read: number; readonly own: number | undefined } {
  const times = (what: string, factors: Float32Array): number => {
    const { file, shapes } = lowering
    const constant = file.constant(`${node.name}.${what}.factors`, [factors.length], factors)
    const made = file.value(`${node.name}.${what}`, channelsLast(shapes[node.inputs[0]] as readonly number[]))
    file.operator('mul', [input, constant], made, { fields: [int8(activations.none)] })
    return made
  }
  return {
    read: levels?.inputSteps ? times('steps', inverseSteps(levels)) : input,
    own: levels?.diagonal && times('own', levels.diagonal),
  }
}

/** The tensor of a layer before its own input is added. */
export function partOf({ file, shapes }: Lowering, { name }: Conv2d | Linear): number {
  return file.value(`${name}.others`, channelsLast(shapes[name] as readonly number[]))
}
