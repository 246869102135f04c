import { normalTensor } from '@mobileone/conformance'
import {
  initialize,
  type MobileOneConfig,
  type Model,
  mobileone,
  random,
  type Tensors,
  variants,
} from '@mobileone/core'

/** A released variant with random weights, for inputs of another size. */
export function network(
  variant: 's0' | 's1' | 's2' | 's3' | 's4',
  size = 224,
  form: 'train' | 'deploy' = 'deploy',
): Model {
  const config: MobileOneConfig = variants[variant]
  const graph = mobileone({ ...config, input: { ...config.input, size: [size, size] } }, { form })
  return initialize(graph, { seed: 11, statistics: 'random' })
}

export function image(model: Model, seed: number): Tensors {
  return { image: normalTensor(model.inputs.image!.shape, random(seed)) }
}
