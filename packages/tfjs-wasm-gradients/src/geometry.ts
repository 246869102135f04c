import type { backend_util } from '@tensorflow/tfjs-core'

/** A convolution as assembly/geometry.ts reads it. */
export function geometryOf(info: backend_util.Conv2DInfo, depthwise: boolean): readonly number[] {
  return [
    info.batchSize,
    info.inHeight,
    info.inWidth,
    info.inChannels,
    depthwise ? info.outChannels / info.inChannels : info.outChannels,
    info.filterHeight,
    info.filterWidth,
    info.strideHeight,
    info.strideWidth,
    info.padInfo.top,
    info.padInfo.left,
    info.dilationHeight,
    info.dilationWidth,
    info.outHeight,
    info.outWidth,
    info.dataFormat === 'channelsFirst' ? 1 : 0,
  ]
}
