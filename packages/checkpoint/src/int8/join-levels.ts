import { elementCount, formatShape } from '@mobileone/core'
import type { Checkpoint } from '../checkpoint.ts'
import { invalidFile } from '../invalid-file.ts'
import { type StoredTensor, toFloat32, toInt8 } from '../stored-tensor.ts'
import { formKey, forms, type Levels, layoutVersion, partEndings, versionKey } from './layout.ts'

/**
 * `checkpoint` with the parts of each weight in int8 joined to it as its `levels`, see `layout.ts`; without such weights, as it is.
 * @throws MobileOneError `invalid-file` naming the part that is missing, of another type or shape, or that no input can have.
 */
export function joinLevels(checkpoint: Checkpoint): Checkpoint {
  const { metadata, tensors } = checkpoint
  const form = metadata.get(formKey)
  const isInt8 = ({ dtype }: StoredTensor): boolean => dtype === 'int8'
  if (form === undefined || ![...tensors.values()].some(isInt8)) return checkpoint
  if (!forms.includes(form)) {
    invalidFile(
      `the metadata ${formKey} is ${JSON.stringify(form.slice(0, 80))}, and this reader knows ${forms.join(' and ')}; ` +
        'the int8 tensors are of another program or a newer release',
    )
  }
  const version = metadata.get(versionKey)
  if (version !== layoutVersion) {
    invalidFile(
      `the int8 tensors are of the layout ${versionKey} ${JSON.stringify(version?.slice(0, 80))}, and this reader knows ` +
        `${layoutVersion}; it may be of a newer release`,
    )
  }
  const joined = new Map(tensors)
  for (const [name, stored] of tensors) {
    if (!isInt8(stored) || isZeroPoints(name, tensors)) continue
    joined.set(name, { ...stored, levels: levelsOf(name, stored, tensors, form) })
    for (const ending of Object.values(partEndings)) joined.delete(name + ending)
  }
  return { ...checkpoint, tensors: joined }
}

function isZeroPoints(name: string, tensors: Checkpoint['tensors']): boolean {
  const { zeroPoints: ending } = partEndings
  return name.endsWith(ending) && tensors.get(name.slice(0, -ending.length))?.dtype === 'int8'
}

function levelsOf(name: string, weight: StoredTensor, tensors: Checkpoint['tensors'], form: string): Levels {
  const { shape } = weight
  const [out = 0, inputs = 0] = shape
  const what = `the int8 weight ${JSON.stringify(name)} (${formatShape(shape)})`
  const part = (role: keyof Levels, length: number, mayHave = true): StoredTensor | undefined => {
    const key = name + partEndings[role]
    const stored = tensors.get(key)
    if (!stored) return undefined
    if (!mayHave) invalidFile(`${what} can have no ${JSON.stringify(key)} (${formatShape(stored.shape)})`)
    const dtype = role === 'zeroPoints' ? 'int8' : 'float32'
    if (stored.dtype === dtype && stored.shape.length === 1 && stored.shape[0] === length) return stored
    return invalidFile(
      `${JSON.stringify(key)} is ${stored.dtype} of ${formatShape(stored.shape)}; beside ${what} it must be ${dtype} of ${length}`,
    )
  }
  const isPointwise = elementCount(shape) === out * inputs
  const scales = part('scales', out)
  if (!scales)
    invalidFile(
      `${what} lacks ${JSON.stringify(name + partEndings.scales)} (${out}), the worth of its levels`,
    )
  const diagonal = part('diagonal', out, isPointwise && out === inputs)
  const steps = part('inputSteps', inputs, isPointwise && form === 'w8a7')
  const zeroPoints = part('zeroPoints', out, !steps)
  const inputSteps = steps && toFloat32(steps)
  const bad = inputSteps?.findIndex((step) => !(step > 0 && step < 1 / 0 && Math.fround(1 / step) < 1 / 0))
  if (inputSteps && bad !== -1) {
    invalidFile(
      `${JSON.stringify(name + partEndings.inputSteps)} (${inputs}) holds ${inputSteps[bad as number]} for input channel ${bad}; ` +
        `the steps of ${what} must be positive`,
    )
  }
  if (inputSteps && toInt8(weight).includes(-128)) {
    invalidFile(`${what} has input steps, so its elements are from -127 to 127, but there is -128`)
  }
  return {
    scales: toFloat32(scales),
    ...(zeroPoints && { zeroPoints: toInt8(zeroPoints) }),
    ...(diagonal && { diagonal: toFloat32(diagonal) }),
    ...(inputSteps && { inputSteps }),
  }
}
