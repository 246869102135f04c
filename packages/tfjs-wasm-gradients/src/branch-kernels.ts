import { MobileOneError } from '@mobileone/core'
import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core'
import type { BranchShape } from './branch-shape.ts'
import { geometryOf } from './geometry.ts'
import type { HeapKernel } from './heap.ts'
import type { Tfjs } from './primitives.ts'

/** Bytes of a geometry of assembly/geometry.ts. */
const geometryBytes = 64

/**
 * The kernels of `Branches`, float32, under names of our own; attributes are those of {@link BranchShape}.
 *
 * - MobileOneBranches: x, parameters -> y, statistics [2, branches, outs], and for the gradient: dense mean [patch] and products
 *   [convolutions, outs, patch], depthwise moments [90, channels]
 * - MobileOneBranchesGradient: x, parameters, (y: the output, where it went through ReLU), dy, statistics, mean or moments, (products);
 *   constantInput -> (dx), dparameters
 */
export function branchKernels(tf: Tfjs): Record<string, HeapKernel> {
  const plan = (x: TensorInfo, attrs: NamedAttrMap) => {
    const shape = attrs as unknown as BranchShape
    const { kernels, inChannels, outChannels, groups, stride } = shape
    const kernel = Math.max(...kernels)
    const margin = (kernel - 1) / 2
    const info = (multiplier: number) =>
      tf.backend_util.computeConv2DInfo(
        x.shape as [number, number, number, number],
        [kernel, kernel, inChannels, groups === 1 ? outChannels : multiplier],
        stride as [number, number],
        1,
        [
          [0, 0],
          [margin, margin],
          [margin, margin],
          [0, 0],
        ],
        'floor',
        groups !== 1,
      )
    const convolutions = kernels.filter((size) => size > 0).length
    const single = info(1)
    return {
      ...shape,
      branches: kernels.length,
      outShape: single.outShape,
      kept:
        groups === 1
          ? [[kernel * kernel * inChannels], [convolutions, outChannels, kernel * kernel * inChannels]]
          : [[90, inChannels]],
      integers: [
        ...geometryOf(single, groups !== 1),
        ...geometryOf(groups === 1 ? single : info(kernels.length), groups !== 1),
        ...kernels,
      ],
      parameters: kernels.reduce(
        (sum, size) => sum + outChannels * ((size * size * inChannels) / groups + 2),
        0,
      ),
    }
  }
  return {
    MobileOneBranches(heap, { x, parameters }, attrs) {
      const { groups, epsilon, relu, branches, outShape, outChannels, kept, integers, ...own } = plan(
        x!,
        attrs,
      )
      const given = parameters!.shape[0]
      if (given !== own.parameters) {
        throw new MobileOneError(
          'invalid-argument',
          `wasm-gradients: branches of kernels ${own.kernels.join(', ')} from ${own.inChannels} to ${outChannels} channels have ${own.parameters} parameters, not ${given}`,
        )
      }
      const { kernels } = heap
      return heap.floats([x!, parameters!], (x, parameters) => {
        const y = heap.output(outShape)
        const statistics = heap.output([2, branches, outChannels])
        const saved = kept.map((shape) => heap.output(shape))
        const [first, second] = saved.map((info) => heap.address(info)) as [number, number?]
        const results = [heap.address(y), heap.address(statistics)] as const
        heap.integers(integers, (g) => {
          const [all, sizes] = [g + geometryBytes, g + 2 * geometryBytes]
          if (groups === 1) {
            heap.scratch(kernels.denseBranchesScratch(g, sizes, branches), (scratch) =>
              kernels.denseBranches(
                ...([g, sizes, branches, x!, parameters!, epsilon, Number(relu)] as const),
                ...results,
                first,
                second!,
                scratch,
              ),
            )
          } else {
            heap.scratch(kernels.depthwiseBranchesScratch(g, all, branches), (scratch) =>
              kernels.depthwiseBranches(
                ...([g, all, sizes, branches, x!, parameters!, epsilon, Number(relu)] as const),
                ...results,
                first,
                scratch,
              ),
            )
          }
        })
        return [y, statistics, ...saved]
      })
    },
    MobileOneBranchesGradient(heap, inputs, attrs) {
      const { x, parameters, dy, statistics, mean, y, products } = inputs
      const { groups, epsilon, branches, integers } = plan(x!, attrs)
      const { kernels } = heap
      const { shape } = x!
      const size = parameters!.shape
      const floats = [
        x!,
        parameters!,
        dy!,
        statistics!,
        mean!,
        ...[y, products].filter((info) => info !== undefined),
      ]
      return heap.floats(floats, (...addresses) => {
        const [x, parameters, dy, statistics, mean] = addresses as [number, number, number, number, number]
        const output = y ? addresses[5]! : 0
        const dparameters = heap.output(size)
        const dx = attrs.constantInput ? undefined : heap.output(shape)
        const results = [dx ? heap.address(dx) : 0, heap.address(dparameters)] as const
        heap.integers(integers, (g) => {
          const [all, sizes] = [g + geometryBytes, g + 2 * geometryBytes]
          if (groups === 1) {
            heap.scratch(kernels.denseBranchesBackwardScratch(g, sizes, branches), (scratch) =>
              kernels.denseBranchesBackward(
                ...([g, sizes, branches, x, parameters, epsilon, output, dy, statistics, mean] as const),
                addresses.at(-1)!,
                ...results,
                scratch,
              ),
            )
          } else {
            heap.scratch(kernels.depthwiseBranchesBackwardScratch(g, all, branches), (scratch) =>
              kernels.depthwiseBranchesBackward(
                ...([g, all, sizes, branches, x, parameters, epsilon, output, dy, statistics, mean] as const),
                ...results,
                scratch,
              ),
            )
          }
        })
        return dx ? [dx, dparameters] : [dparameters]
      })
    },
  }
}
