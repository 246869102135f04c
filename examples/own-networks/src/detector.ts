/** An object detector: MobileOne under the heads of SSDLite (Sandler et al. 2018, section 6.2), and what turns its output into boxes. */
import type { Model, Tensors } from '@mobileone/sdk'
import { type Graph, NetworkBuilder } from '@mobileone/sdk/network'
import { featureMap } from './feature-map.ts'

/** Width over height of the anchors at every place. */
const ratios = [1, 2, 0.5]

export interface Detection {
  readonly class: number
  /** 0 to 1. */
  readonly score: number
  /** Corners, as parts of the picture's width and height: 0 to 1. */
  readonly box: readonly [left: number, top: number, right: number, bottom: number]
}

/** One feature map that boxes are read from. */
export interface Level {
  readonly height: number
  readonly width: number
  /** Side of a square anchor, as a part of the picture. */
  readonly scale: number
}

/**
 * The network, with the weights of `backbone` and none yet in the heads. Outputs `boxes` [N, sum of 3 * 4 * H * W] and `scores`
 * [N, sum of 3 * classes * H * W], level by level, each level as its convolution gives it.
 * @param backbone A MobileOne in deploy form that ends at stride 32.
 */
export function detector(
  backbone: Model,
  classes: number,
): { readonly graph: Graph; readonly levels: Level[] } {
  const net = new NetworkBuilder({ ...backbone, name: `${backbone.name}-ssdlite` })
  /** A depthwise and a pointwise convolution. */
  const separable = (name: string, input: string, channels: number, stride = 1): string => {
    const depth = net.shape(input)[1] as number
    const spatial = net.conv(`${name}.depthwise`, input, {
      channels: depth,
      kernel: 3,
      stride,
      groups: depth,
      activation: 'relu6',
    })
    return net.conv(`${name}.pointwise`, spatial, { channels })
  }

  const coarsest = net.unary('relu6', 'extra', separable('extra.conv', featureMap(backbone, 32), 256, 2))
  const features = [featureMap(backbone, 16), featureMap(backbone, 32), coarsest]
  const head = (name: string, channels: number): string =>
    net.concat(
      name,
      features.map((value, level) =>
        net.flatten(`${name}${level}.flat`, separable(`${name}${level}`, value, channels)),
      ),
    )
  const boxes = head('boxes', 4 * ratios.length)
  const scores = net.unary('sigmoid', 'scores', head('classes', classes * ratios.length))
  const levels = features.map((value, index) => {
    const [, , height = 0, width = 0] = net.shape(value)
    return { height, width, scale: 0.2 + (0.7 * index) / (features.length - 1) }
  })
  return { graph: net.build({ boxes, scores }), levels }
}

/**
 * The objects in the first picture of a batch, best first: boxes decoded as in SSD (Liu et al. 2016, section 2.2, with its variances
 * 0.1 and 0.2), then greedy non-maximum suppression within each class.
 */
export function detections(
  { boxes, scores }: Tensors,
  levels: readonly Level[],
  { threshold = 0.5, overlap = 0.5 } = {},
): Detection[] {
  const places = levels.reduce((sum, { height, width }) => sum + height * width, 0)
  const classes = (scores?.shape[1] as number) / places / ratios.length
  const found: Detection[] = []
  let before = 0
  for (const { height, width, scale } of levels) {
    const pixels = height * width
    for (let anchor = 0; anchor < ratios.length; anchor++) {
      for (let kind = 0; kind < classes; kind++) {
        const from = (before * classes + (anchor * classes + kind) * pixels) | 0
        for (let pixel = 0; pixel < pixels; pixel++) {
          const score = scores?.data[from + pixel] as number
          if (score < threshold) continue
          const offset = (axis: number): number =>
            boxes?.data[before * 4 + (anchor * 4 + axis) * pixels + pixel] as number
          const stretch = Math.sqrt(ratios[anchor] as number)
          const [w, h] = [scale * stretch, scale / stretch]
          const x = ((pixel % width) + 0.5) / width + 0.1 * offset(0) * w
          const y = (Math.floor(pixel / width) + 0.5) / height + 0.1 * offset(1) * h
          const [halfWidth, halfHeight] = [
            (w * Math.exp(0.2 * offset(2))) / 2,
            (h * Math.exp(0.2 * offset(3))) / 2,
          ]
          const box = [x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight].map((edge) =>
            Math.min(1, Math.max(0, edge)),
          )
          found.push({ class: kind, score, box: box as unknown as Detection['box'] })
        }
      }
    }
    before += pixels * ratios.length
  }
  found.sort((a, b) => b.score - a.score)
  const kept: Detection[] = []
  for (const one of found) {
    if (
      !kept.some((other) => other.class === one.class && intersectionOverUnion(one.box, other.box) > overlap)
    )
      kept.push(one)
  }
  return kept
}

export function intersectionOverUnion(a: Detection['box'], b: Detection['box']): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  if (width <= 0 || height <= 0) return 0
  const area = (box: Detection['box']): number => (box[2] - box[0]) * (box[3] - box[1])
  return (width * height) / (area(a) + area(b) - width * height)
}
