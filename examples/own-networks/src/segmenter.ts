/** A segmentation network: MobileOne under a decoder in the manner of DeepLabv3+ (Chen et al. 2018), and what turns its output into a map. */
import type { Model, Tensor } from '@mobileone/sdk'
import { type Graph, NetworkBuilder } from '@mobileone/sdk/network'
import { featureMap } from './feature-map.ts'

/**
 * The network, with the weights of `backbone` and none yet in the decoder. Output `logits` [N, classes, H, W], as large as the picture.
 * @param backbone A MobileOne in deploy form with feature maps of strides 8 and 32.
 */
export function segmenter(backbone: Model, classes: number): Graph {
  const net = new NetworkBuilder({ ...backbone, name: `${backbone.name}-segmenter` })
  const [, , height = 0, width = 0] = net.shape('image')
  const fine = net.conv('decoder.fine', featureMap(backbone, 8), { channels: 32, activation: 'hardSwish' })
  const [, , fineHeight = 0, fineWidth = 0] = net.shape(fine)
  const deep = net.conv('decoder.deep', featureMap(backbone, 32), { channels: 64, activation: 'hardSwish' })
  const context = net.conv('decoder.context', net.globalAvgPool('decoder.mean', featureMap(backbone, 32)), {
    channels: 64,
  })
  const gated = net.mul('decoder.gated', deep, net.unary('hardSigmoid', 'decoder.gate', context))
  const large = net.upsample('decoder.large', gated, { mode: 'bilinear', size: [fineHeight, fineWidth] })
  const both = net.concat('decoder.both', [large, fine])
  const mixed = net.conv('decoder.depthwise', both, { channels: 96, kernel: 3, groups: 96 })
  const refined = net.conv('decoder.pointwise', mixed, { channels: 64, activation: 'hardSwish' })
  const coarse = net.conv('decoder.classes', refined, { channels: classes })
  return net.build({ logits: net.upsample('logits', coarse, { mode: 'bilinear', size: [height, width] }) })
}

/** The class of each pixel of the first picture of a batch, row by row. */
export function classMap({ shape, data }: Tensor): Uint8Array {
  const [, classes = 0, height = 0, width = 0] = shape
  const pixels = height * width
  return Uint8Array.from({ length: pixels }, (_, pixel) => {
    let best = 0
    for (let kind = 1; kind < classes; kind++) {
      if ((data[kind * pixels + pixel] as number) > (data[best * pixels + pixel] as number)) best = kind
    }
    return best
  })
}
