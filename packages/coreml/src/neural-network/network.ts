/**
 * The older Core ML network (NeuralNetwork, NeuralNetworkClassifier) as plain data: what the writer makes and the linter
 * judges. It is not responsible for bytes, nor for reading files: those hold more kinds of layer than are written here.
 */
import type { Description } from '../mil/program.ts'

/** Elements of a layer's weights. All weights of one layer have one kind. */
export type Elements = Float32Array | Uint16Array

export type LayerParams =
  | {
      readonly kind: 'convolution'
      readonly outputChannels: number
      /** Input channels of one group. */
      readonly kernelChannels: number
      readonly groups: number
      readonly kernel: readonly [height: number, width: number]
      readonly stride: readonly [height: number, width: number]
      readonly dilation: readonly [height: number, width: number]
      /** Zeros added on both sides of each axis. */
      readonly padding: readonly [height: number, width: number]
      /** [O, C / groups, height, width]. */
      readonly weights: Elements
      readonly bias?: Elements
    }
  | {
      readonly kind: 'innerProduct'
      readonly inputChannels: number
      readonly outputChannels: number
      /** [O, I]. */
      readonly weights: Elements
      readonly bias?: Elements
    }
  | {
      readonly kind: 'batchnorm'
      readonly channels: number
      readonly epsilon: number
      readonly gamma: Elements
      readonly beta: Elements
      readonly mean: Elements
      readonly variance: Elements
    }
  /** Times `scale`, one number for each channel of a map. */
  | { readonly kind: 'scale'; readonly scale: Float32Array }
  /** `alpha` times the value plus `beta`. */
  | { readonly kind: 'affine'; readonly alpha: number; readonly beta: number }
  /** `linear` is the identity: the same value under another name. */
  | { readonly kind: 'activation'; readonly nonlinearity: 'ReLU' | 'sigmoid' | 'linear' | 'sigmoidHard' }
  /** To 0..6. */
  | { readonly kind: 'clip' }
  | {
      readonly kind: 'maxPooling'
      readonly kernel: readonly [height: number, width: number]
      readonly stride: readonly [height: number, width: number]
      readonly padding: readonly [height: number, width: number]
    }
  /** By the nearest pixel. */
  | { readonly kind: 'upsample'; readonly scale: readonly [height: number, width: number] }
  | { readonly kind: 'concatND'; readonly axis: number }
  /** Bounds for each axis. */
  | { readonly kind: 'sliceStatic'; readonly begin: readonly number[]; readonly end: readonly number[] }
  | { readonly kind: 'gelu' | 'add' | 'multiply' | 'max' | 'globalPooling' }
  /** Over axis 1, and to [size of axis 0, all the rest]. */
  | { readonly kind: 'softmaxND' | 'flattenTo2D' }

export type LayerKind = LayerParams['kind']

export interface Layer {
  /** Also the name of its one output. */
  readonly name: string
  readonly inputs: readonly string[]
  readonly params: LayerParams
}

/** `channelScale * pixel + bias` of each channel, on pixels 0..255. */
export interface Scaler {
  readonly feature: string
  readonly channelScale: number
  /** In the order of the image's channels: red, green, blue, or gray alone. */
  readonly bias: readonly number[]
}

/** The contents of an `.mlmodel` file. */
export interface Network {
  readonly version: number
  readonly description: Description
  readonly scaler?: Scaler
  readonly layers: readonly Layer[]
  readonly classifier?: { readonly labels: readonly string[]; readonly probabilities: string }
}

/**
 * The field of each layer in `NeuralNetworkLayer`, the specification version that has it first, and how many inputs it reads, infinite for any number.
 * Source: coremltools 9, `NeuralNetwork.proto`, and `isIOS12NeuralNetworkLayer` of its validator.
 */
export const layerTable: Readonly<
  Record<LayerKind, { readonly field: number; readonly since: number; readonly inputs: number }>
> = {
  convolution: { field: 100, since: 1, inputs: 1 },
  maxPooling: { field: 120, since: 1, inputs: 1 },
  upsample: { field: 210, since: 1, inputs: 1 },
  clip: { field: 660, since: 4, inputs: 1 },
  concatND: { field: 980, since: 4, inputs: Number.POSITIVE_INFINITY },
  sliceStatic: { field: 995, since: 4, inputs: 1 },
  globalPooling: { field: 120, since: 1, inputs: 1 },
  activation: { field: 130, since: 1, inputs: 1 },
  affine: { field: 130, since: 1, inputs: 1 },
  innerProduct: { field: 140, since: 1, inputs: 1 },
  batchnorm: { field: 160, since: 1, inputs: 1 },
  add: { field: 230, since: 1, inputs: 2 },
  multiply: { field: 231, since: 1, inputs: 2 },
  scale: { field: 245, since: 1, inputs: 1 },
  max: { field: 260, since: 1, inputs: 2 },
  gelu: { field: 795, since: 4, inputs: 1 },
  softmaxND: { field: 950, since: 4, inputs: 1 },
  flattenTo2D: { field: 1130, since: 4, inputs: 1 },
}

/** The exact shapes of arrays and the four axes of images need version 4: iOS 13, macOS 10.15. */
const exactShapes = 4

/** The oldest specification version that has everything in `layers`; float16 weights came with version 2. */
export function networkVersion(layers: readonly Layer[]): number {
  return layers.reduce((version, { params }) => Math.max(version, layerTable[params.kind].since), exactShapes)
}
