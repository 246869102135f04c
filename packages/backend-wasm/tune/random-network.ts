/** What is timed: the kernels do not mind what they multiply. */
import {
  elementCount,
  initialize,
  type Model,
  mobileone,
  type Tensors,
  tensor,
  variants,
} from '@mobileone/core'

/** A variant in deploy form with random weights. */
export function randomNetwork(variant: keyof typeof variants): Model {
  return initialize(mobileone(variants[variant], { form: 'deploy' }), { seed: 1, statistics: 'random' })
}

/** Inputs that are not all alike. */
export function sineInputs(model: Model): Tensors {
  return Object.fromEntries(
    Object.entries(model.inputs).map(([name, { shape }]) => [
      name,
      tensor(
        shape,
        Float32Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(i)),
      ),
    ]),
  )
}
