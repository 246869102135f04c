import type { backend_util } from '@tensorflow/tfjs-core'
import { geometryOf } from './geometry.ts'
import type { HeapKernel } from './heap.ts'
import type { Tfjs } from './primitives.ts'

type Shape4 = [number, number, number, number]

interface ConvAttrs {
  readonly strides: number | [number, number]
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil'
}

/** The kernels of tfjs that its wasm backend lacks: inputs, attributes and results as those of tfjs-backend-cpu 4.22. */
export function convolutionGradients(tf: Tfjs): Record<string, HeapKernel> {
  const { computeConv2DInfo, convertConv2DDataFormat } = tf.backend_util
  return {
    /** x, dy; strides, pad, dataFormat, dimRoundingMode, filterShape [kh, kw, in, out]. */
    Conv2DBackpropFilter(heap, { x, dy }, attrs) {
      const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs as unknown as ConvAttrs & {
        readonly dataFormat: 'NHWC' | 'NCHW'
        readonly filterShape: Shape4
      }
      const info = computeConv2DInfo(
        x!.shape as Shape4,
        filterShape,
        strides,
        1,
        pad,
        dimRoundingMode,
        false,
        convertConv2DDataFormat(dataFormat),
      )
      const { kernels } = heap
      return heap.floats([x!, dy!], (x, dy) => {
        const dw = heap.output(info.filterShape)
        heap.integers(geometryOf(info, false), (geometry) =>
          heap.scratch(kernels.convFilterScratch(geometry), (scratch) =>
            kernels.convFilter(geometry, x!, dy!, heap.address(dw), scratch),
          ),
        )
        return dw
      })
    },
    /** dy, filter [kh, kw, c, m]; strides, dilations, pad, dimRoundingMode, inputShape. */
    DepthwiseConv2dNativeBackpropInput(heap, { dy, filter }, attrs) {
      const { strides, dilations, pad, dimRoundingMode, inputShape } = attrs as unknown as ConvAttrs & {
        readonly dilations: number | [number, number]
        readonly inputShape: Shape4
      }
      const info = computeConv2DInfo(
        inputShape,
        filter!.shape as Shape4,
        strides,
        dilations ?? 1,
        pad,
        dimRoundingMode,
        true,
      )
      const { kernels } = heap
      return heap.floats([dy!, filter!], (dy, filter) => {
        const dx = heap.output(info.inShape)
        heap.integers(geometryOf(info, true), (geometry) =>
          heap.scratch(kernels.depthwiseBackwardScratch(geometry), (scratch) =>
            kernels.depthwiseBackward(geometry, 0, filter!, 0, dy!, heap.address(dx), 0, 0, scratch),
          ),
        )
        return dx
      })
    },
    /** x, dy; strides, dilations, pad, dimRoundingMode, filterShape [kh, kw, c, m]. */
    DepthwiseConv2dNativeBackpropFilter(heap, { x, dy }, attrs) {
      const { strides, dilations, pad, dimRoundingMode, filterShape } = attrs as unknown as ConvAttrs & {
        readonly dilations: number | [number, number]
        readonly filterShape: Shape4
      }
      const info = computeConv2DInfo(
        x!.shape as Shape4,
        filterShape,
        strides,
        dilations ?? 1,
        pad,
        dimRoundingMode,
        true,
      )
      const { kernels } = heap
      return heap.floats([x!, dy!], (x, dy) => {
        const dfilter = heap.output(filterShape)
        heap.integers(geometryOf(info, true), (geometry) =>
          heap.scratch(kernels.depthwiseBackwardScratch(geometry), (scratch) =>
            kernels.depthwiseBackward(geometry, x!, 0, 0, dy!, 0, heap.address(dfilter), 0, scratch),
          ),
        )
        return dfilter
      })
    },
  }
}
