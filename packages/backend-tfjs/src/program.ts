import type { Model, Node } from '@mobileone/core'
import type * as tf from '@tensorflow/tfjs-core'
import type { Tfjs } from './library.ts'
import { type Compute, operation } from './operation.ts'

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
  const keep = (make: () => tf.Tensor): tf.Tensor => {
    const weight = tf.keep(tf.tidy(make))
    weights.push(weight)
    return weight
  }
  const dispose = (): void => {
    tf.dispose(weights)
  }
  try {
    return { steps: withLastReads(model, planSteps(tf, model, keep)), dispose }
  } catch (error) {
    dispose()
    throw error
  }
}

type Unplanned = Omit<ProgramStep, 'last'>

function planSteps(tf: Tfjs, model: Model, keep: (make: () => tf.Tensor) => tf.Tensor): readonly Unplanned[] {
  const readers = new Map<string, Node[]>()
  for (const node of model.nodes) {
    for (const name of new Set<string>(node.inputs)) readers.set(name, [...(readers.get(name) ?? []), node])
  }
  const shown = new Set(Object.values(model.outputs))
  const taken = new Set<string>()
  return model.nodes.flatMap((node): Unplanned[] => {
    if (taken.has(node.name)) return []
    const [next, ...others] = readers.get(node.name) ?? []
    const fuses = node.op === 'conv2d' || node.op === 'linear'
    const relu = fuses && next?.op === 'relu' && others.length === 0 && !shown.has(node.name)
    if (relu) taken.add(next.name)
    const { kernel, compute } = operation(tf, model, node, relu, keep)
    return [
      {
        node: node.name,
        kernel: relu ? `${kernel} + relu` : kernel,
        reads: node.inputs,
        makes: relu ? next.name : node.name,
        compute,
      },
    ]
  })
}

function withLastReads(model: Model, steps: readonly Unplanned[]): readonly ProgramStep[] {
  const needed = new Set(Object.values(model.outputs))
  return steps
    .toReversed()
    .map((step): ProgramStep => {
      const last = [...new Set([...step.reads, step.makes])].filter((name) => !needed.has(name))
      for (const name of step.reads) needed.add(name)
      return { ...step, last }
    })
    .toReversed()
}
