import type { Preprocess } from '@mobileone/core'
import type { Recipe } from './recipe.ts'
import {
  efficientnetB0,
  fbnetC,
  mixnetS,
  mnasnetA1,
  mnasnetB1,
  mobilenetV1,
  mobilenetV2,
  mobilenetV2Wide,
  mobilenetV3Large,
  mobilenetV3Small,
  tinynetD,
  tinynetE,
} from './recipes/mobile.ts'
import { ghostnet, mobilenextRows } from './recipes/others.ts'
import { deitTiny, mobilevitS, mobilevitXS, mobilevitXXS, pitTiny } from './recipes/tokens.ts'

/** The name of a network of the zoo: timm's, torchvision's where timm has none. */
export type ZooName =
  | 'mobilenetv1_100'
  | 'mobilenetv2_100'
  | 'mobilenetv2_140'
  | 'mobilenetv3_small_100'
  | 'mobilenetv3_large_100'
  | 'efficientnet_b0'
  | 'shufflenet_v2_x1_0'
  | 'shufflenet_v2_x2_0'
  | 'semnasnet_100'
  | 'mixnet_s'
  | 'mobilenext_100'
  | 'mobilenext_140'
  | 'repvgg_a0'
  | 'repvgg_a1'
  | 'repvgg_a2'
  | 'repvgg_b0'
  | 'repvgg_b1'
  | 'resnet18'
  | 'resnet50'
  | 'mnasnet_100'
  | 'fbnetc_100'
  | 'ghostnet_100'
  | 'tinynet_d'
  | 'tinynet_d_silu'
  | 'tinynet_e'
  | 'tinynet_e_silu'
  | 'deit_tiny_patch16_224'
  | 'pit_ti_224'
  | 'mobilevit_xxs'
  | 'mobilevit_xs'
  | 'mobilevit_s'

/** What is known of a network besides its layers. */
export interface ZooEntry {
  /** As people write it. */
  readonly title: string
  readonly recipe: Recipe
  /** Learnable parameters of 1000 classes, batch normalisation included, and after folding. */
  readonly params: { readonly train: number; readonly deploy: number }
  /** Multiply-accumulates of convolutions and linear layers of the folded network, at the size of `preprocess`. */
  readonly macs: number
  /** Those of attention, of values by values, which come on top. Default 0. */
  readonly matmulMacs?: number
  /** Of the published weights; where there are none, what timm assumes. */
  readonly preprocess: Preprocess
  /** Weights for the 1000 classes of ImageNet-1k, and the share of its validation set, in percent, that they get right. */
  readonly published?: {
    /** A hub id, or an address. */
    readonly source: string
    readonly top1: number
  }
}

const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const
const unit = { size: 256, resize: 284, mean: [0, 0, 0], std: [1, 1, 1] } as const
const half = [0.5, 0.5, 0.5] as const

function rule({
  size = 224,
  ...rest
}: Partial<Omit<Preprocess, 'size'>> & { readonly size?: number } = {}): Preprocess {
  return { size: [size, size], resize: 256, interpolation: 'bicubic', ...imagenet, ...rest }
}

/**
 * Every network, by timm's name for it, torchvision's where timm has none. Counts are fvcore's; sources and accuracies those of timm 1.0
 * and torchvision 0.21. timm publishes TinyNets with SiLU, under the names without `_silu`; the paper compares with ReLU.
 */
export const entries: Readonly<Record<ZooName, ZooEntry>> = {
  mobilenetv1_100: {
    title: 'MobileNetV1 1.0',
    recipe: mobilenetV1,
    params: { train: 4_231_976, deploy: 4_221_032 },
    macs: 568_740_352,
    preprocess: rule({ mean: half, std: half }),
    published: { source: 'timm/mobilenetv1_100.ra4_e3600_r224_in1k', top1: 75.388 },
  },
  mobilenetv2_100: {
    title: 'MobileNetV2 1.0',
    recipe: mobilenetV2,
    params: { train: 3_504_872, deploy: 3_487_816 },
    macs: 300_774_272,
    preprocess: rule(),
    published: { source: 'timm/mobilenetv2_100.ra_in1k', top1: 72.91 },
  },
  mobilenetv2_140: {
    title: 'MobileNetV2 1.4',
    recipe: mobilenetV2Wide,
    params: { train: 6_108_776, deploy: 6_084_808 },
    macs: 582_195_824,
    preprocess: rule(),
    published: { source: 'timm/mobilenetv2_140.ra_in1k', top1: 76.528 },
  },
  mobilenetv3_small_100: {
    title: 'MobileNetV3-Small 1.0',
    recipe: mobilenetV3Small,
    params: { train: 2_542_856, deploy: 2_536_800 },
    macs: 56_510_400,
    preprocess: rule(),
    published: { source: 'timm/mobilenetv3_small_100.lamb_in1k', top1: 67.636 },
  },
  mobilenetv3_large_100: {
    title: 'MobileNetV3-Large 1.0',
    recipe: mobilenetV3Large,
    params: { train: 5_483_032, deploy: 5_470_832 },
    macs: 216_589_760,
    preprocess: rule(),
    published: { source: 'timm/mobilenetv3_large_100.ra_in1k', top1: 75.784 },
  },
  efficientnet_b0: {
    title: 'EfficientNet-B0',
    recipe: efficientnetB0,
    params: { train: 5_288_548, deploy: 5_267_540 },
    macs: 385_814_752,
    preprocess: rule(),
    published: { source: 'timm/efficientnet_b0.ra_in1k', top1: 77.698 },
  },
  shufflenet_v2_x1_0: {
    title: 'ShuffleNetV2 1.0',
    recipe: { family: 'shufflenet', channels: [116, 232, 464], head: 1024 },
    params: { train: 2_278_604, deploy: 2_270_514 },
    macs: 144_907_992,
    preprocess: rule({ interpolation: 'bilinear' }),
    published: {
      source: 'https://download.pytorch.org/models/shufflenetv2_x1-5666bf0f80.pth',
      top1: 69.362,
    },
  },
  shufflenet_v2_x2_0: {
    title: 'ShuffleNetV2 2.0',
    recipe: { family: 'shufflenet', channels: [244, 488, 976], head: 2048 },
    params: { train: 7_393_996, deploy: 7_377_138 },
    macs: 583_253_464,
    preprocess: rule({ resize: 232, interpolation: 'bilinear' }),
    published: {
      source: 'https://download.pytorch.org/models/shufflenetv2_x2_0-8be3c8ee.pth',
      top1: 76.23,
    },
  },
  semnasnet_100: {
    title: 'MNASNet-A1',
    recipe: mnasnetA1,
    params: { train: 3_887_038, deploy: 3_870_294 },
    macs: 311_579_072,
    preprocess: rule(),
    published: { source: 'timm/semnasnet_100.rmsp_in1k', top1: 75.452 },
  },
  mixnet_s: {
    title: 'MixNet-S',
    recipe: mixnetS,
    params: { train: 4_134_606, deploy: 4_118_510 },
    macs: 239_173_360,
    preprocess: rule(),
    published: { source: 'timm/mixnet_s.ft_in1k', top1: 76.0 },
  },
  mobilenext_100: {
    title: 'MobileNeXt 1.0',
    recipe: { family: 'mobilenext', width: 1, rows: mobilenextRows },
    params: { train: 3_535_416, deploy: 3_508_904 },
    macs: 311_342_592,
    preprocess: rule(),
  },
  mobilenext_140: {
    title: 'MobileNeXt 1.4',
    recipe: { family: 'mobilenext', width: 1.4, rows: mobilenextRows },
    params: { train: 6_126_168, deploy: 6_089_040 },
    macs: 588_319_256,
    preprocess: rule(),
  },
  repvgg_a0: {
    title: 'RepVGG-A0',
    recipe: {
      family: 'repvgg',
      stem: 48,
      stages: [
        [2, 48],
        [4, 96],
        [14, 192],
        [1, 1280],
      ],
    },
    params: { train: 9_108_968, deploy: 8_309_384 },
    macs: 1_361_451_008,
    preprocess: rule({ interpolation: 'bilinear' }),
    published: { source: 'timm/repvgg_a0.rvgg_in1k', top1: 72.426 },
  },
  repvgg_a1: {
    title: 'RepVGG-A1',
    recipe: {
      family: 'repvgg',
      stem: 64,
      stages: [
        [2, 64],
        [4, 128],
        [14, 256],
        [1, 1280],
      ],
    },
    params: { train: 14_092_264, deploy: 12_789_864 },
    macs: 2_363_967_488,
    preprocess: rule({ interpolation: 'bilinear' }),
    published: { source: 'timm/repvgg_a1.rvgg_in1k', top1: 74.474 },
  },
  repvgg_a2: {
    title: 'RepVGG-A2',
    recipe: {
      family: 'repvgg',
      stem: 64,
      stages: [
        [2, 96],
        [4, 192],
        [14, 384],
        [1, 1408],
      ],
    },
    params: { train: 28_210_600, deploy: 25_499_944 },
    macs: 5_116_951_552,
    preprocess: rule({ interpolation: 'bilinear' }),
    published: { source: 'timm/repvgg_a2.rvgg_in1k', top1: 76.488 },
  },
  repvgg_b0: {
    title: 'RepVGG-B0',
    recipe: {
      family: 'repvgg',
      stem: 64,
      stages: [
        [4, 64],
        [6, 128],
        [16, 256],
        [1, 1280],
      ],
    },
    params: { train: 15_817_960, deploy: 14_339_048 },
    macs: 3_057_600_512,
    preprocess: rule({ interpolation: 'bilinear' }),
    published: { source: 'timm/repvgg_b0.rvgg_in1k', top1: 75.158 },
  },
  repvgg_b1: {
    title: 'RepVGG-B1',
    recipe: {
      family: 'repvgg',
      stem: 64,
      stages: [
        [4, 128],
        [6, 256],
        [16, 512],
        [1, 2048],
      ],
    },
    params: { train: 57_415_016, deploy: 51_829_480 },
    macs: 11_815_485_440,
    preprocess: rule({ interpolation: 'bilinear' }),
    published: { source: 'timm/repvgg_b1.rvgg_in1k', top1: 78.37 },
  },
  resnet18: {
    title: 'ResNet-18',
    recipe: { family: 'resnet', block: 'basic', stages: [2, 2, 2, 2] },
    params: { train: 11_689_512, deploy: 11_684_712 },
    macs: 1_814_073_344,
    preprocess: rule({ interpolation: 'bilinear' }),
    published: { source: 'timm/resnet18.tv_in1k', top1: 69.752 },
  },
  resnet50: {
    title: 'ResNet-50',
    recipe: { family: 'resnet', block: 'bottleneck', stages: [3, 4, 6, 3] },
    params: { train: 25_557_032, deploy: 25_530_472 },
    macs: 4_089_184_256,
    preprocess: rule({ interpolation: 'bilinear' }),
    published: { source: 'timm/resnet50.tv_in1k', top1: 76.13 },
  },
  mnasnet_100: {
    title: 'MNASNet-B1 1.0',
    recipe: mnasnetB1,
    params: { train: 4_383_312, deploy: 4_364_352 },
    macs: 314_415_872,
    preprocess: rule(),
    published: { source: 'timm/mnasnet_100.rmsp_in1k', top1: 74.672 },
  },
  fbnetc_100: {
    title: 'FBNet-C',
    recipe: fbnetC,
    params: { train: 5_572_200, deploy: 5_550_016 },
    macs: 384_960_160,
    preprocess: rule({ interpolation: 'bilinear' }),
    published: { source: 'timm/fbnetc_100.rmsp_in1k', top1: 75.12 },
  },
  ghostnet_100: {
    title: 'GhostNet 1.0',
    recipe: ghostnet,
    params: { train: 5_182_508, deploy: 5_171_524 },
    macs: 141_150_512,
    preprocess: rule(),
    published: { source: 'timm/ghostnet_100.in1k', top1: 73.958 },
  },
  tinynet_d: {
    title: 'TinyNet-D with ReLU',
    recipe: { ...tinynetD, activation: 'relu' },
    params: { train: 2_338_446, deploy: 2_329_542 },
    macs: 51_580_656,
    preprocess: rule({ size: 152, resize: 173 }),
  },
  tinynet_d_silu: {
    title: 'TinyNet-D',
    recipe: tinynetD,
    params: { train: 2_338_446, deploy: 2_329_542 },
    macs: 51_580_656,
    preprocess: rule({ size: 152, resize: 173 }),
    published: { source: 'timm/tinynet_d.in1k', top1: 66.936 },
  },
  tinynet_e: {
    title: 'TinyNet-E with ReLU',
    recipe: { ...tinynetE, activation: 'relu' },
    params: { train: 2_042_972, deploy: 2_035_852 },
    macs: 24_356_848,
    preprocess: rule({ size: 106, resize: 121 }),
  },
  tinynet_e_silu: {
    title: 'TinyNet-E',
    recipe: tinynetE,
    params: { train: 2_042_972, deploy: 2_035_852 },
    macs: 24_356_848,
    preprocess: rule({ size: 106, resize: 121 }),
    published: { source: 'timm/tinynet_e.in1k', top1: 59.874 },
  },
  deit_tiny_patch16_224: {
    title: 'DeiT-Tiny',
    recipe: deitTiny,
    params: { train: 5_717_416, deploy: 5_717_416 },
    macs: 1_074_851_328,
    matmulMacs: 178_831_872,
    preprocess: rule({ resize: 248 }),
    published: { source: 'timm/deit_tiny_patch16_224.fb_in1k', top1: 72.19 },
  },
  pit_ti_224: {
    title: 'PiT-Ti',
    recipe: pitTiny,
    params: { train: 4_847_272, deploy: 4_847_272 },
    macs: 497_906_432,
    matmulMacs: 201_153_024,
    preprocess: rule({ resize: 248 }),
    published: { source: 'timm/pit_ti_224.in1k', top1: 72.926 },
  },
  mobilevit_xxs: {
    title: 'MobileViT-XXS',
    recipe: mobilevitXXS,
    params: { train: 1_272_024, deploy: 1_269_968 },
    macs: 329_179_648,
    matmulMacs: 78_184_448,
    preprocess: rule(unit),
    published: { source: 'timm/mobilevit_xxs.cvnets_in1k', top1: 68.936 },
  },
  mobilevit_xs: {
    title: 'MobileViT-XS',
    recipe: mobilevitXS,
    params: { train: 2_317_848, deploy: 2_313_624 },
    macs: 908_635_136,
    matmulMacs: 117_276_672,
    preprocess: rule(unit),
    published: { source: 'timm/mobilevit_xs.cvnets_in1k', top1: 74.618 },
  },
  mobilevit_s: {
    title: 'MobileViT-S',
    recipe: mobilevitS,
    params: { train: 5_578_632, deploy: 5_572_504 },
    macs: 1_823_196_160,
    matmulMacs: 177_635_328,
    preprocess: rule(unit),
    published: { source: 'timm/mobilevit_s.cvnets_in1k', top1: 78.298 },
  },
}
