import type * as tf from '@tensorflow/tfjs-core'
import type { Branches, BranchShape } from './branch-shape.ts'
import { composedBranches } from './composed-branches.ts'
import type { Primitives, Tfjs } from './primitives.ts'

/** {@link Branches} as one kernel each way where the current backend has ours and they take the shape, else composed of `primitives`. */
export function createBranches(tf: Tfjs, primitives: Primitives): Branches {
  const composed = composedBranches(tf, primitives)
  return (x, parameters, shape, options = {}) => {
    if (!tf.getKernel('MobileOneBranches', tf.getBackend()) || !hasKernel(shape))
      return composed(x, parameters, shape, options)
    const run = (name: string, inputs: Record<string, tf.Tensor>, constantInput: boolean): tf.Tensor[] =>
      tf.engine().runKernel(name, inputs, { ...shape, constantInput })
    const forward = (x: tf.Tensor4D, save: (tensors: tf.Tensor[]) => void): tf.Tensor4D => {
      const [y, statistics, ...kept] = run('MobileOneBranches', { x, parameters }, false) as [
        tf.Tensor4D,
        tf.Tensor3D,
        ...tf.Tensor[],
      ]
      options.observe?.(statistics)
      save([x, parameters, statistics, ...(shape.relu ? [y] : []), ...kept])
      return y
    }
    const backward = (dy: tf.Tensor, saved: tf.Tensor[], constantInput: boolean): tf.Tensor[] => {
      const [x, parameters, statistics, ...others] = saved as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        ...tf.Tensor[],
      ]
      const y = shape.relu ? others.shift() : undefined
      const [mean, products] = others as [tf.Tensor, tf.Tensor?]
      const inputs = { x, parameters, dy, statistics, mean, ...(y && { y }), ...(products && { products }) }
      return run('MobileOneBranchesGradient', inputs, constantInput)
    }
    const f = options.constantInput
      ? tf.customGrad((...args) => ({
          value: forward(x, args.at(-1) as unknown as tf.GradSaveFunc),
          gradFunc: (dy, saved) => backward(dy, saved, true),
        }))
      : tf.customGrad((...args) => ({
          value: forward(args[0] as tf.Tensor4D, args.at(-1) as unknown as tf.GradSaveFunc),
          gradFunc: (dy, saved) => backward(dy, saved, false),
        }))
    return (options.constantInput ? f(parameters) : f(x, parameters)) as tf.Tensor4D
  }
}

/** Dense of any kernel and stride, and depthwise of 3 x 3 with both strides 1 or 2. */
function hasKernel({
  kernels,
  groups,
  inChannels,
  outChannels,
  stride: [vertical, horizontal],
}: BranchShape): boolean {
  if (groups === 1) return true
  return (
    groups === inChannels &&
    inChannels === outChannels &&
    Math.max(...kernels) === 3 &&
    vertical === horizontal &&
    vertical <= 2
  )
}
