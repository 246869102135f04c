import type { NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core'
import { geometryOf } from './geometry.ts'
import type { HeapKernel } from './heap.ts'
import type { Tfjs } from './primitives.ts'

/** Attributes of the depthwise kernels. */
interface DepthwiseAttrs {
  readonly stride: readonly [number, number]
  readonly relu?: boolean
}

/**
 * The kernels of {@link Primitives}, float32, under names of our own. The inputs in brackets may be absent, the
 * gradients in brackets are made where the attribute `bias` is true.
 *
 * - MobileOneAffine: x [rows, ins], w [ins, outs], (bias [outs]); relu -> y [rows, outs]
 * - MobileOneAffineGradient: x, w, (y: the output, where it went through ReLU), dy; bias -> dx, dw, (db)
 * - MobileOneGram: x [rows, n] -> [n + 1, n], x^T x and below it the sums of the columns
 * - MobileOneGramGradient: x, d [n + 1, n] -> x (D + D^T) + ds, D the first n rows of d, ds the last
 * - MobileOneSums: x [..., n] -> [2, n], sums and sums of squares
 * - MobileOneSumsGradient: x, d [2, n] -> d[0] + 2 x d[1]
 * - MobileOneDepthwise: x [n, h, w, c], filter [kh, kw, c, m], (bias [c * m]); stride, relu -> y
 * - MobileOneDepthwiseGradient: x, filter, (y), dy; stride, bias -> dx, dfilter, (db)
 * - MobileOneDepthwiseSums: x, filter; stride -> [2, c * m], moments [taps + taps^2, c]
 * - MobileOneDepthwiseSumsGradient: x, filter, moments, d [2, c * m]; stride -> dx, dfilter
 */
export function primitiveKernels(tf: Tfjs): Record<string, HeapKernel> {
  const conv = (x: TensorInfo, filter: TensorInfo, { stride }: DepthwiseAttrs) => {
    const margins = [0, 1].map((axis) => {
      const margin = Math.floor(filter.shape[axis]! / 2)
      return [margin, margin] as [number, number]
    })
    return tf.backend_util.computeConv2DInfo(
      x.shape as [number, number, number, number],
      filter.shape as [number, number, number, number],
      stride as [number, number],
      1,
      [[0, 0], margins[0]!, margins[1]!, [0, 0]],
      'floor',
      true,
    )
  }
  const present = (...infos: (TensorInfo | undefined)[]): TensorInfo[] =>
    infos.filter((info) => info !== undefined)

  return {
    MobileOneAffine(heap, { x, w, bias }, { relu }) {
      const [rows, ins] = x!.shape as [number, number]
      const outs = w!.shape[1]!
      const { kernels } = heap
      return heap.floats(present(x, w, bias), (x, w, bias = 0) => {
        const y = heap.output([rows, outs])
        heap.scratch(kernels.affineScratch(ins, outs), (scratch) =>
          kernels.affine(x!, w!, bias, heap.address(y), rows, ins, outs, Number(relu), scratch),
        )
        return y
      })
    },
    MobileOneAffineGradient(heap, { x, w, y, dy }, { bias }) {
      const [rows, ins] = x!.shape as [number, number]
      const outs = w!.shape[1]!
      const { kernels } = heap
      return heap.floats(present(x, w, dy, y), (x, w, dy, y) => {
        const dx = heap.output([rows, ins])
        const dw = heap.output([ins, outs])
        const db = bias ? heap.output([outs]) : undefined
        heap.scratch(kernels.affineBackwardScratch(ins, outs), (scratch) =>
          kernels.affineBackward(
            x!,
            w!,
            y ?? 0,
            dy!,
            heap.address(dx),
            heap.address(dw),
            db ? heap.address(db) : 0,
            rows,
            ins,
            outs,
            y === undefined ? 0 : 1,
            scratch,
          ),
        )
        return present(dx, dw, db)
      })
    },
    MobileOneGram(heap, { x }) {
      const [rows, n] = x!.shape as [number, number]
      return heap.floats([x!], (x) => {
        const g = heap.output([n + 1, n])
        const [gram, sum] = [heap.address(g), heap.address(g) + n * n * 4]
        heap.scratch(heap.kernels.gramScratch(n), (scratch) =>
          heap.kernels.gram(x!, gram, sum, rows, n, scratch),
        )
        return g
      })
    },
    MobileOneGramGradient(heap, { x, d }) {
      const [rows, n] = x!.shape as [number, number]
      return heap.floats([x!, d!], (x, d) => {
        const dx = heap.output([rows, n])
        heap.scratch(heap.kernels.gramBackwardScratch(n), (scratch) =>
          heap.kernels.gramBackward(x!, d!, d! + n * n * 4, heap.address(dx), rows, n, scratch),
        )
        return dx
      })
    },
    MobileOneSums(heap, { x }) {
      const { rows, n } = matrix(x!)
      return heap.floats([x!], (x) => {
        const out = heap.output([2, n])
        heap.kernels.sums(x!, rows, n, heap.address(out))
        return out
      })
    },
    MobileOneSumsGradient(heap, { x, d }) {
      const { rows, n } = matrix(x!)
      const { shape } = x!
      return heap.floats([x!, d!], (x, d) => {
        const dx = heap.output(shape)
        heap.kernels.sumsBackward(x!, d!, heap.address(dx), rows, n)
        return dx
      })
    },
    MobileOneDepthwise(heap, { x, filter, bias }, attrs) {
      const info = conv(x!, filter!, attrs as unknown as DepthwiseAttrs)
      const { kernels } = heap
      return heap.floats(present(x, filter, bias), (x, filter, bias = 0) => {
        const y = heap.output(info.outShape)
        heap.integers(geometryOf(info, true), (geometry) =>
          heap.scratch(kernels.depthwiseScratch(geometry), (scratch) =>
            kernels.depthwise(geometry, x!, filter!, bias, heap.address(y), Number(attrs.relu), scratch),
          ),
        )
        return y
      })
    },
    MobileOneDepthwiseGradient(heap, { x, filter, y, dy }: NamedTensorInfoMap, attrs) {
      const info = conv(x!, filter!, attrs as unknown as DepthwiseAttrs)
      const { kernels } = heap
      const { shape } = filter!
      return heap.floats(present(x, filter, dy, y), (x, filter, dy, y = 0) => {
        const dx = heap.output(info.inShape)
        const dfilter = heap.output(shape)
        const db = attrs.bias ? heap.output([info.outChannels]) : undefined
        heap.integers(geometryOf(info, true), (geometry) =>
          heap.scratch(kernels.depthwiseBackwardScratch(geometry), (scratch) =>
            kernels.depthwiseBackward(
              geometry,
              x!,
              filter!,
              y,
              dy!,
              heap.address(dx),
              heap.address(dfilter),
              db ? heap.address(db) : 0,
              scratch,
            ),
          ),
        )
        return present(dx, dfilter, db)
      })
    },
    MobileOneDepthwiseSums(heap, { x, filter }, attrs) {
      const info = conv(x!, filter!, attrs as unknown as DepthwiseAttrs)
      const { kernels } = heap
      const taps = info.filterHeight * info.filterWidth
      return heap.floats([x!, filter!], (x, filter) => {
        const out = heap.output([2, info.outChannels])
        const moments = heap.output([taps + taps * taps, info.inChannels])
        heap.integers(geometryOf(info, true), (geometry) =>
          heap.scratch(kernels.depthwiseSumsScratch(geometry), (scratch) =>
            kernels.depthwiseSums(geometry, x!, filter!, heap.address(out), heap.address(moments), scratch),
          ),
        )
        return [out, moments]
      })
    },
    MobileOneDepthwiseSumsGradient(heap, { x, filter, moments, d }, attrs) {
      const info = conv(x!, filter!, attrs as unknown as DepthwiseAttrs)
      const { kernels } = heap
      const { shape } = filter!
      return heap.floats([x!, filter!, moments!, d!], (x, filter, moments, d) => {
        const dx = heap.output(info.inShape)
        const dfilter = heap.output(shape)
        heap.integers(geometryOf(info, true), (geometry) =>
          heap.scratch(kernels.depthwiseSumsBackwardScratch(geometry), (scratch) =>
            kernels.depthwiseSumsBackward(
              geometry,
              x!,
              filter!,
              moments!,
              d!,
              heap.address(dx),
              heap.address(dfilter),
              scratch,
            ),
          ),
        )
        return [dx, dfilter]
      })
    },
  }
}

function matrix({ shape }: TensorInfo): { rows: number; n: number } {
  return { rows: shape.slice(0, -1).reduce((product, length) => product * length, 1), n: shape.at(-1)! }
}
