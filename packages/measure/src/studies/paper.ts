/** What the paper printed (Vasu et al. 2023, arXiv 2206.04040): latencies of an iPhone 12, a Xeon Gold 5118 and an RTX 2080 Ti. */

/** A row of Table 9: "-" (a network that could not be exported) is null. */
export interface PaperRow {
  /** The zoo's name, `s0` to `s4` for MobileOne; networks that are not in the zoo have timm's or their authors'. */
  readonly id: string
  readonly title: string
  /** Percent of ImageNet-1k's validation set. */
  readonly top1: number
  /** Millions, as printed: multiply-accumulates, partly copied from the networks' own papers. */
  readonly flops: number
  readonly params: number
  /** Milliseconds. */
  readonly mobile: number
  readonly cpu: number | null
  readonly gpu: number | null
}

type Printed = readonly [
  id: string,
  title: string,
  top1: number,
  flops: number,
  params: number,
  cpu: number | null,
  gpu: number | null,
  mobile: number,
]

const printed: readonly Printed[] = [
  ['mobileformer_96', 'Mobile-Former-96', 72.8, 96, 4.6, 37.36, null, 16.95],
  ['convit_tiny', 'ConViT-Tiny', 73.1, 1000, 5.7, 28.95, null, 10.99],
  ['mobilevit_s', 'MobileViT-S', 78.4, 1792, 5.6, 30.76, null, 9.21],
  ['mobileformer_52', 'Mobile-Former-52', 68.7, 52, 3.6, 29.23, null, 9.02],
  ['pit_ti_224', 'PiT-Ti', 71.3, 710, 4.9, 16.37, 1.97, 8.81],
  ['mobilevit_xs', 'MobileViT-XS', 74.8, 941, 2.3, 27.21, null, 6.97],
  ['deit_tiny_patch16_224', 'DeiT-Tiny', 72.2, 1300, 5.9, 16.68, 1.78, 4.78],
  ['mobilevit_xxs', 'MobileViT-XXS', 69.0, 373, 1.3, 23.03, null, 4.7],
  ['repvgg_b1', 'RepVGG-B1', 78.4, 11800, 51.8, 193.7, 3.17, 3.73],
  ['repvgg_a2', 'RepVGG-A2', 76.5, 5100, 25.5, 93.43, 2.41, 2.41],
  ['s4', 'MobileOne-S4', 79.4, 2978, 14.8, 26.6, 0.95, 1.86],
  ['repvgg_b0', 'RepVGG-B0', 75.1, 3100, 14.3, 55.97, 1.45, 1.82],
  ['efficientnet_b0', 'EfficientNet-B0', 77.1, 390, 5.3, 28.71, 1.35, 1.72],
  ['repvgg_a1', 'RepVGG-A1', 74.5, 2400, 12.8, 47.15, 1.42, 1.68],
  ['s3', 'MobileOne-S3', 78.1, 1896, 10.1, 16.47, 0.76, 1.53],
  ['mobilenetv2_140', 'MobileNetV2 1.4', 74.7, 585, 6.9, 15.67, 0.8, 1.36],
  ['repvgg_a0', 'RepVGG-A0', 72.4, 1400, 8.3, 43.61, 1.23, 1.28],
  ['mobilenext_140', 'MobileNeXt 1.4', 76.1, 590, 6.1, 18.06, 1.04, 1.27],
  ['s2', 'MobileOne-S2', 77.4, 1299, 7.8, 14.87, 0.72, 1.18],
  ['mixnet_s', 'MixNet-S', 75.8, 256, 4.1, 40.09, 2.41, 1.13],
  ['mobilenetv3_large_100', 'MobileNetV3-Large', 75.2, 219, 5.4, 17.09, 3.8, 1.09],
  ['shufflenet_v2_x2_0', 'ShuffleNetV2 2.0', 74.9, 591, 7.4, 20.85, 4.76, 1.08],
  ['semnasnet_100', 'MNASNet-A1', 75.2, 312, 3.9, 24.06, 0.95, 1.0],
  ['mobilenetv2_100', 'MobileNetV2 1.0', 72.0, 300, 3.4, 13.65, 0.69, 0.98],
  ['mobilenetv1_100', 'MobileNetV1', 70.6, 575, 4.2, 10.65, 0.58, 0.95],
  ['mobilenext_100', 'MobileNeXt 1.0', 74.0, 311, 3.4, 16.04, 1.02, 0.92],
  ['s1', 'MobileOne-S1', 75.9, 825, 4.8, 13.04, 0.66, 0.89],
  ['mobilenetv3_small_100', 'MobileNetV3-Small', 67.4, 56, 2.5, 10.38, 3.74, 0.83],
  ['shufflenet_v2_x1_0', 'ShuffleNetV2 1.0', 69.4, 146, 2.3, 16.6, 4.58, 0.68],
  ['s0', 'MobileOne-S0', 71.4, 275, 2.1, 10.55, 0.56, 0.79],
]

/** Table 9, slowest on the phone first, as printed. */
export const paperTable9: readonly PaperRow[] = printed.map(
  ([id, title, top1, flops, params, cpu, gpu, mobile]) => ({
    id,
    title,
    top1,
    flops,
    params,
    mobile,
    cpu,
    gpu,
  }),
)

/** Rows of other tables with a latency on the phone alone: the TinyNets of Table 13, the ResNets of Table 10 (before distillation). */
export const paperOther: readonly Omit<PaperRow, 'flops' | 'params' | 'cpu' | 'gpu'>[] = [
  { id: 'tinynet_d', title: 'TinyNet-D with ReLU', top1: 67.0, mobile: 0.51 },
  { id: 'tinynet_e', title: 'TinyNet-E with ReLU', top1: 59.9, mobile: 0.49 },
  { id: 'resnet18', title: 'ResNet-18', top1: 69.8, mobile: 2.1 },
  { id: 'resnet50', title: 'ResNet-50', top1: 79.0, mobile: 2.69 },
]

const outsideFigure2 = [
  'mobileformer_96',
  'convit_tiny',
  'repvgg_a0',
  'repvgg_a1',
  'repvgg_a2',
  'repvgg_b0',
  'repvgg_b1',
]

/**
 * The 21 networks of Table 1, most likely. The paper names 21 in Figure 2 and does not say which width of MobileNetV2 and of MobileNeXt it
 * means: with MobileNetV2 1.4 and MobileNeXt 1.0 all four printed correlations are met within 0.01, and of all ways to leave two
 * of the 23 out this is the nearest.
 */
export const paperSet: readonly string[] = paperTable9
  .map(({ id }) => id)
  .filter((id) => ![...outsideFigure2, 'mobilenetv2_100', 'mobilenext_140'].includes(id))

/** Table 1: Spearman's rho and p, as printed. */
export const paperTable1 = {
  mobile: { flops: { rho: 0.47, p: 0.03 }, params: { rho: 0.3, p: 0.18 } },
  cpu: { flops: { rho: 0.06, p: 0.8 }, params: { rho: 0.07, p: 0.77 } },
} as const

/** Table 2: a network of 30 layers with each activation, milliseconds on an iPhone 12. Its layers are not described. */
export const paperTable2: Readonly<Record<string, number>> = {
  relu: 1.53,
  gelu: 1.63,
  se_relu: 2.1,
  silu: 2.54,
  dynamic_shift_max: 57.04,
  dynamic_relu_a: 273.49,
  dynamic_relu_b: 242.14,
}

/** Table 5: top-1 of MobileOne trained with its branches and without. */
export const paperTable5 = {
  s0: { with: 71.4, without: 69.6 },
  s1: { with: 75.9, without: 74.6 },
  s3: { with: 78.1, without: 77.2 },
} as const

/** Table 6: top-1 by k, the convolution branches of a block, from k = 1. */
export const paperTable6 = {
  s0: [70.9, 70.7, 71.3, 71.4, 71.1],
  s1: [75.9, 75.7, 75.6, 75.6, 75.2],
} as const

/** The row of a network, of Table 9 or of the others. */
export function paperRow(
  id: string,
): (Partial<PaperRow> & Pick<PaperRow, 'id' | 'top1' | 'mobile'>) | undefined {
  return paperTable9.find((row) => row.id === id) ?? paperOther.find((row) => row.id === id)
}
