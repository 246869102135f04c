/**
 * The model value: plain, immutable, printable data. It is not responsible for how or where it runs, for memory
 * layout, or for numerical precision; those belong to a backend. Logical layout is NCHW float32, as in PyTorch and ONNX.
 */
import type { MobileOneConfig } from '../mobileone/config.ts'
import type { TensorSpec, Weight, WideTensor } from './tensor.ts'

interface NodeBase {
  /** Names the node and the one value it produces. Unique among nodes and inputs. */
  readonly name: string
}

/** 2-D cross-correlation, as `torch.nn.functional.conv2d`. Input [N, C, H, W], output [N, O, H', W']. */
export interface Conv2d extends NodeBase {
  readonly op: 'conv2d'
  readonly inputs: readonly [string]
  /** Weight name; shape [O, C / groups, kernelHeight, kernelWidth]. */
  readonly weight: string
  /** Weight name; shape [O]. */
  readonly bias?: string
  readonly stride: readonly [height: number, width: number]
  /** Zeros added on both sides of each spatial axis. */
  readonly padding: readonly [height: number, width: number]
  readonly dilation: readonly [height: number, width: number]
  readonly groups: number
}

/** Batch normalisation with stored statistics over axis 1: `(x - mean) / sqrt(variance + epsilon) * weight + bias`. */
export interface BatchNorm extends NodeBase {
  readonly op: 'batchNorm'
  readonly inputs: readonly [string]
  /** Weight names, each of shape [C]. */
  readonly weight: string
  readonly bias: string
  readonly runningMean: string
  readonly runningVar: string
  readonly epsilon: number
}

/** `x W^T + b` over the last axis, as `torch.nn.functional.linear`. Input [N, ..., I], output [N, ..., O]. */
export interface Linear extends NodeBase {
  readonly op: 'linear'
  readonly inputs: readonly [string]
  /** Weight name; shape [O, I]. */
  readonly weight: string
  /** Weight name; shape [O]. */
  readonly bias?: string
}

/**
 * An elementwise function of one value. `gelu` is the exact form, x * Phi(x) (Hendrycks and Gimpel 2016, eq. 1);
 * `silu` is x * sigmoid(x), `relu6` min(max(x, 0), 6), `hardSigmoid` relu6(x + 3) / 6 and `hardSwish` x * relu6(x + 3) / 6
 * (Howard et al. 2019, arXiv 1905.02244, section 5.2).
 */
export interface Unary extends NodeBase {
  readonly op: 'relu' | 'relu6' | 'sigmoid' | 'hardSigmoid' | 'silu' | 'hardSwish' | 'gelu'
  readonly inputs: readonly [string]
}

/** `scale * x + offset` of every element, with two constants. */
export interface Affine extends NodeBase {
  readonly op: 'affine'
  readonly inputs: readonly [string]
  readonly scale: number
  readonly offset: number
}

/**
 * Elementwise `a + b`. The second value has the shape of the first, or beside [N, C, H, W] is [N, C, 1, 1], one number a channel, or
 * [N, 1, 1, 1], one an item of the batch.
 */
export interface Add extends NodeBase {
  readonly op: 'add'
  readonly inputs: readonly [string, string]
}

/** Elementwise `a * b`. The second value has the shapes that {@link Add} takes. */
export interface Mul extends NodeBase {
  readonly op: 'mul'
  readonly inputs: readonly [string, string]
}

/** The larger of `a` and `b`, element by element, of two values of one shape, as `torch.maximum`: NaN where either is. */
export interface Maximum extends NodeBase {
  readonly op: 'maximum'
  readonly inputs: readonly [string, string]
}

/** The mean over height and width: [N, C, H, W] to [N, C, 1, 1]. */
export interface GlobalAvgPool extends NodeBase {
  readonly op: 'globalAvgPool'
  readonly inputs: readonly [string]
}

/**
 * The largest value of each window, as `torch.nn.functional.max_pool2d` without dilation and with `ceil_mode=False`:
 * [N, C, H, W] to [N, C, H', W'], H' = floor((H + 2 padding - kernel) / stride) + 1. NaN in a window is its largest value.
 */
export interface MaxPool extends NodeBase {
  readonly op: 'maxPool'
  readonly inputs: readonly [string]
  readonly kernel: readonly [height: number, width: number]
  readonly stride: readonly [height: number, width: number]
  /** Minus infinity on both sides of each spatial axis: at most half the kernel. */
  readonly padding: readonly [height: number, width: number]
}

/**
 * Resampled to another height and width, as `torch.nn.functional.interpolate` without `antialias`: [N, C, H, W] to [N, C, H', W'].
 * Exactly one of `scale` and `size` says how large. {@link interpolation} tells which pixels a result is made of.
 */
export interface Upsample extends NodeBase {
  readonly op: 'upsample'
  readonly inputs: readonly [string]
  readonly mode: 'nearest' | 'bilinear'
  /** Bilinear only: the centres of the corner pixels stay in place. Default false: the edges of the image do. */
  readonly alignCorners?: boolean
  /** How many times as large: whole numbers. */
  readonly scale?: readonly [height: number, width: number]
  /** Pixels of the result. */
  readonly size?: readonly [height: number, width: number]
}

/** The values one after another along `axis`, as `torch.cat`; the other sizes are those of the first. */
export interface Concat extends NodeBase {
  readonly op: 'concat'
  readonly inputs: readonly [string, ...string[]]
  /** From 1 on: the items of a batch do not mix. */
  readonly axis: number
}

/** The elements `start`, ..., `end - 1` along `axis`, as `x.narrow(axis, start, end - start)` of PyTorch. */
export interface Slice extends NodeBase {
  readonly op: 'slice'
  readonly inputs: readonly [string]
  /** From 1 on: the items of a batch do not mix. */
  readonly axis: number
  readonly start: number
  readonly end: number
}

/**
 * The channels of `groups` equal groups, taken in turn from each: channel i of the result is channel (i mod groups) C / groups +
 * floor(i / groups), as `torch.nn.ChannelShuffle` (Zhang et al. 2018, arXiv 1707.01083). [N, C, H, W].
 */
export interface ChannelShuffle extends NodeBase {
  readonly op: 'channelShuffle'
  readonly inputs: readonly [string]
  /** Divides the channels. */
  readonly groups: number
}

/** [N, A, B, ...] to [N, A * B * ...]. */
export interface Flatten extends NodeBase {
  readonly op: 'flatten'
  readonly inputs: readonly [string]
}

/** `exp(x - max) / sum` over the last axis: [N, ..., C]. */
export interface Softmax extends NodeBase {
  readonly op: 'softmax'
  readonly inputs: readonly [string]
}

/**
 * Normalised over the last axis, as `torch.nn.functional.layer_norm`: `(x - mean) / sqrt(variance + epsilon) * weight + bias`, the
 * variance biased (Ba et al. 2016, arXiv 1607.06450). [N, ..., D].
 */
export interface LayerNorm extends NodeBase {
  readonly op: 'layerNorm'
  readonly inputs: readonly [string]
  /** Weight names, each of shape [D]. Without them: 1 and 0. */
  readonly weight?: string
  readonly bias?: string
  readonly epsilon: number
}

/** The matrix products of two values, as `torch.matmul`: [N, ..., M, K] and [N, ..., K, P] to [N, ..., M, P]. */
export interface Matmul extends NodeBase {
  readonly op: 'matmul'
  readonly inputs: readonly [string, string]
  /** The second value is [N, ..., P, K]. Default false. */
  readonly transposeB?: boolean
  /** A factor of the products. Default 1. */
  readonly scale?: number
}

/** The same elements in the same order, in another shape. */
export interface Reshape extends NodeBase {
  readonly op: 'reshape'
  readonly inputs: readonly [string]
  /**
   * As in ONNX 0 keeps the input's size of that axis, and one -1 is what remains. The first is 0 or -1, so that the batch stays free:
   * with -1 items are parted into rows of their own, or rows are joined.
   */
  readonly shape: readonly number[]
}

/** The axes in another order, as `torch.permute`: axis i of the result is axis `permutation[i]`. */
export interface Transpose extends NodeBase {
  readonly op: 'transpose'
  readonly inputs: readonly [string]
  /** Begins with 0: the batch stays in front. */
  readonly permutation: readonly number[]
}

/** A weight as a value: [1, ...] repeated to the batch of `inputs[0]`, of which nothing else is read. */
export interface Parameter extends NodeBase {
  readonly op: 'parameter'
  readonly inputs: readonly [string]
  /** Weight name; shape [1, ...]. */
  readonly weight: string
}

/** One operation of a model, told apart by `op`. Its value goes by its `name`. */
export type Node =
  | Conv2d
  | BatchNorm
  | Linear
  | Unary
  | Affine
  | Add
  | Mul
  | Maximum
  | GlobalAvgPool
  | MaxPool
  | Upsample
  | Concat
  | Slice
  | ChannelShuffle
  | Flatten
  | Softmax
  | LayerNorm
  | Matmul
  | Reshape
  | Transpose
  | Parameter

/** The name of an operation. */
export type Op = Node['op']

/** What must travel with weights so that another program can use them. Every field may be absent. */
export interface ModelCard {
  readonly description?: string
  readonly author?: string
  readonly licence?: string
  /** Where the weights came from: a URL, a hub id, a file name. */
  readonly source?: string
  readonly preprocess?: Preprocess
  /** One label per class, in class order. */
  readonly labels?: readonly string[]
  /** How the weights were trained, as JSON values: the recipe and what came of it. */
  readonly training?: Readonly<Record<string, unknown>>
}

/** How pixels become the model's input. */
export interface Preprocess {
  /** Size of the crop fed to the network, [height, width]. */
  readonly size: readonly [height: number, width: number]
  /** The shorter side is resized to this many pixels before the centre crop. */
  readonly resize: number
  readonly interpolation: 'bilinear' | 'bicubic'
  /** Per channel, in units of 0..1 after division by 255. */
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

/** A network without the elements of its weights. Every {@link Model} is one. */
export interface Graph<W extends TensorSpec = TensorSpec> {
  readonly name: string
  /** Input name to spec. Shapes are concrete, batch included; see `withBatch`. */
  readonly inputs: Readonly<Record<string, TensorSpec>>
  /** In execution order: a node comes after the nodes whose values it reads. */
  readonly nodes: readonly Node[]
  /** Public output name to the value it shows. */
  readonly outputs: Readonly<Record<string, string>>
  readonly weights: Readonly<Record<string, W>>
  readonly card?: ModelCard
  /** What `mobileone` built the network from: strides and branches, which shapes and names do not tell. */
  readonly config?: MobileOneConfig
}

/** A network with its weights: what backends compile. */
export type Model = Graph<Weight>

/** A model some of whose weights are float64: what the transforms pass to each other. */
export type WideModel = Graph<Weight | WideTensor>
