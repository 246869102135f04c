import { findUses, inferShapes, isTokenNode, isUnary, type Model, type Node } from '@mobileone/core'
import type * as tf from '@tensorflow/tfjs-core'
import type { Tfjs } from './library.ts'
import { type Compute, type Keep, operation, toNchw, toNhwc } from './operation.ts'

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
  const shapes = inferShapes(model)
  // Values of rank 4 that are no maps, such as the heads of attention: their axes are in the model's order, not NHWC.
  const ordered = new Set<string>()
  const fused = new Set<string>()
  return model.nodes.flatMap((node, at): ProgramStep[] => {
    if (fused.has(node.name)) return []
    const next = node.op === 'conv2d' || node.op === 'linear' ? uses.soleReader(node.name) : undefined
    const relu = next?.op === 'relu' ? next.name : undefined
    if (relu !== undefined) fused.add(relu)
    const makes = relu ?? node.name
    const isMap = (name: string): boolean => shapes[name]?.length === 4 && !ordered.has(name)
    const inOrder = isTokenNode(node, shapes) || (keepsOrder(node) && !node.inputs.some(isMap))
    const { kernel, compute: plain } = operation(tf, model, node, { relu: relu !== undefined, inOrder }, keep)
    const turned = node.inputs.map((name) => (inOrder ? isMap(name) : ordered.has(name)))
    const isTurned = inOrder && shapes[node.name]?.length === 4 && uses.isOutput(makes)
    if (inOrder && !isTurned && shapes[node.name]?.length === 4) ordered.add(makes)
    const turn = inOrder ? toNchw : toNhwc
    const compute: Compute = (...inputs) => {
      const y = plain(...inputs.map((x, index) => (turned[index] ? turn(tf, x) : x)))
      return isTurned ? toNhwc(tf, y) : y
    }
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

/** True for what may be done in either order of axes. */
function keepsOrder(node: Node): boolean {
  return isUnary(node) || ['add', 'mul', 'concat', 'slice'].includes(node.op)
}
