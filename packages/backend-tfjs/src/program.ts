import { findUses, type Model } from '@mobileone/core'
import type * as tf from '@tensorflow/tfjs-core'
import type { Tfjs } from './library.ts'
import { type Compute, type Keep, operation } from './operation.ts'

export interface ProgramStep {
  /** The node the step is named after. */
  readonly node: string
  readonly kernel: string
  readonly reads: readonly string[]
  /** The value it makes: that of `node`, or of the ReLU it contains. */
  readonly makes: string
  readonly compute: Compute
  /** Values no later step reads and no output shows. */
  readonly last: readonly string[]
}

export interface Program {
  readonly steps: readonly ProgramStep[]
  /** Free the weights. */
  dispose(): void
}

/**
 * `model` as calls of TensorFlow.js's fused operations, its weights uploaded once. Convolutions and linear layers take the
 * ReLU that follows into themselves where nothing else reads the value between.
 */
export function buildProgram(tf: Tfjs, model: Model): Program {
  const weights: tf.Tensor[] = []
  const keep: Keep = (make) => {
    const weight = tf.keep(tf.tidy(make))
    weights.push(weight)
    return weight
  }
  const dispose = (): void => {
    tf.dispose(weights)
  }
  try {
    return { steps: planSteps(tf, model, keep), dispose }
  } catch (error) {
    dispose()
    throw error
  }
}

function planSteps(tf: Tfjs, model: Model, keep: Keep): readonly ProgramStep[] {
  const uses = findUses(model)
  const fused = new Set<string>()
  return model.nodes.flatMap((node, at): ProgramStep[] => {
    if (fused.has(node.name)) return []
    const next = node.op === 'conv2d' || node.op === 'linear' ? uses.soleReader(node.name) : undefined
    const relu = next?.op === 'relu' ? next.name : undefined
    if (relu !== undefined) fused.add(relu)
    const makes = relu ?? node.name
    const { kernel, compute } = operation(tf, model, node, relu !== undefined, keep)
    return [
      {
        node: node.name,
        kernel: relu === undefined ? kernel : `${kernel} + relu`,
        reads: node.inputs,
        makes,
        compute,
        last: [
          ...new Set<string>(node.inputs.filter((name) => uses.lastUse(name) === at)),
          ...(uses.reads(makes) === 0 ? [makes] : []),
        ],
      },
    ]
  })
}
