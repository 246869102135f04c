import { MobileOneError, type Model, validate } from '@mobileone/core'
import type * as tf from '@tensorflow/tfjs-core'
import { reason, type Tfjs } from './library.ts'
import { isUnsupported } from './operation.ts'
import { buildProgram } from './program.ts'

/** A model as a function of tensors by name. Feature maps, of inputs and outputs too, are NHWC; the batch is free. */
export interface TfjsModel {
  (inputs: Readonly<Record<string, tf.Tensor>>): Record<string, tf.Tensor>
  /** Free the weights. */
  dispose(): void
}

/**
 * `model` as a plain TensorFlow.js function on the current backend: it can be composed with other operations and put into
 * `tf.tidy`. The outputs are the caller's to dispose, intermediate tensors are freed.
 * @throws MobileOneError `unsupported` naming the nodes TensorFlow.js has no kernel for.
 */
export function toTfjs(model: Model, tf: Tfjs): TfjsModel {
  validate(model)
  refuseUnsupported(model)
  const { steps, dispose } = buildProgram(tf, model)
  const run = (inputs: Readonly<Record<string, tf.Tensor>>): Record<string, tf.Tensor> =>
    tf.tidy(() => {
      const values = new Map<string, tf.Tensor>()
      for (const name of Object.keys(model.inputs)) {
        const input = Object.hasOwn(inputs, name) ? inputs[name] : undefined
        if (!input) throw new MobileOneError('invalid-input', `tfjs: the input "${name}" is missing`)
        values.set(name, input)
      }
      for (const { reads, makes, compute, node } of steps) {
        try {
          values.set(makes, compute(...reads.map((name) => values.get(name) as tf.Tensor)))
        } catch (cause) {
          throw new MobileOneError('invalid-input', `tfjs: node "${node}": ${reason(cause)}`, { cause })
        }
      }
      return Object.fromEntries(
        Object.entries(model.outputs).map(([name, value]) => [
          name,
          tf.clone(values.get(value) as tf.Tensor),
        ]),
      )
    })
  return Object.assign(run, { dispose })
}

/** @throws MobileOneError `unsupported` naming every node without a kernel. */
export function refuseUnsupported(model: Model): void {
  const nodes = model.nodes.filter(isUnsupported)
  if (nodes.length === 0) return
  const names = nodes.map(({ name }) => `"${name}"`).join(', ')
  throw new MobileOneError(
    'unsupported',
    `tfjs: TensorFlow.js has no convolution with both stride and dilation, as ${names} of model "${model.name}"; use another backend`,
  )
}
