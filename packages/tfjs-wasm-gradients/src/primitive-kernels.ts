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
 * - MobileOneCovariance: x [rows, n] -> [n + 1, n], the covariance of the columns and below it their means
 * - MobileOneCovarianceGradient: x, c (the output), d [n + 1, n] -> dx
 * - MobileOneMoments: x [..., n] -> [2, n], means and variances
 * - MobileOneMomentsGradient: x, moments (the output), d [2, n] -> dx
 * - MobileOneDepthwise: x [n, h, w, c], filter [kh, kw, c, m], (bias [c * m]); stride, relu -> y
 * - MobileOneDepthwiseGradient: x, filter, (y), dy; stride, bias -> dx, dfilter, (db)
 * - MobileOneDepthwiseMoments: x, filter; stride -> [2, c * m], moments [taps + taps^2, c]
 * - MobileOneDepthwiseMomentsGradient: x, filter, moments, d [2, c * m]; stride -> dx, dfilter
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
    MobileOneCovariance(heap, { x }) {
      const [rows, n] = x!.shape as [number, number]
      const { kernels } = heap
      return heap.floats([x!], (x) => {
        const c = heap.output([n + 1, n])
        const address = heap.address(c)
        heap.scratch(kernels.covarianceScratch(n), (scratch) =>
          kernels.covariance(0, x!, address, address + n * n * 4, rows, n, scratch),
        )
        return c
      })
    },
    MobileOneCovarianceGradient(heap, { x, c, d }) {
      const [rows, n] = x!.shape as [number, number]
      const { kernels } = heap
      return heap.floats([x!, c!, d!], (x, c, d) => {
        const dx = heap.output([rows, n])
        const last = n * n * 4
        heap.scratch(kernels.covarianceBackwardScratch(n), (scratch) =>
          kernels.covarianceBackward(x!, c! + last, d!, d! + last, heap.address(dx), rows, n, scratch),
        )
        return dx
      })
    },
    MobileOneMoments(heap, { x }) {
      const { rows, n } = matrix(x!)
      const { kernels } = heap
      return heap.floats([x!], (x) => {
        const out = heap.output([2, n])
        heap.scratch(kernels.momentsScratch(n), (scratch) =>
          kernels.moments(x!, rows, n, heap.address(out), scratch),
        )
        return out
      })
    },
    MobileOneMomentsGradient(heap, { x, moments, d }) {
      const { rows, n } = matrix(x!)
      const { shape } = x!
      const { kernels } = heap
      return heap.floats([x!, moments!, d!], (x, moments, d) => {
        const dx = heap.output(shape)
        heap.scratch(kernels.momentsScratch(n), (scratch) =>
          kernels.momentsBackward(x!, moments!, d!, heap.address(dx), rows, n, scratch),
        )
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
    MobileOneDepthwiseMoments(heap, { x, filter }, attrs) {
      const info = conv(x!, filter!, attrs as unknown as DepthwiseAttrs)
      const { kernels } = heap
      const taps = info.filterHeight * info.filterWidth
      return heap.floats([x!, filter!], (x, filter) => {
        const out = heap.output([2, info.outChannels])
        const moments = heap.output([taps + taps * taps, info.inChannels])
        heap.integers(geometryOf(info, true), (geometry) =>
          heap.scratch(kernels.depthwiseMomentsScratch(geometry), (scratch) =>
            kernels.depthwiseMoments(
              geometry,
              x!,
              filter!,
              heap.address(out),
              heap.address(moments),
              scratch,
            ),
          ),
        )
        return [out, moments]
      })
    },
    MobileOneDepthwiseMomentsGradient(heap, { x, filter, moments, d }, attrs) {
      const info = conv(x!, filter!, attrs as unknown as DepthwiseAttrs)
      const { kernels } = heap
      const { shape } = filter!
      return heap.floats([x!, filter!, moments!, d!], (x, filter, moments, d) => {
        const dx = heap.output(info.inShape)
        const dfilter = heap.output(shape)
        heap.integers(geometryOf(info, true), (geometry) =>
          heap.scratch(kernels.depthwiseMomentsBackwardScratch(geometry), (scratch) =>
            kernels.depthwiseMomentsBackward(
              geometry,
              x!,
              filter!,
              moments!,
              d!,
              heap.address(dx),
              heap.address(dfilter),
              0,
              0,
              0,
              0,
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
