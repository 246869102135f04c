/** Layers that the networks share, in the form that is trained or folded, under the names that timm and torchvision give their weights. */
import type { Form, Graph, Node, Unary } from '@mobileone/core'
import { NetworkBuilder } from '@mobileone/core/network-builder'

/** What differs between builds of one recipe. */
export interface BuildOptions {
  /** `train`: batch normalisations and branches, as checkpoints have them. `deploy`: folded. */
  readonly form: Form
  readonly classes: number
  readonly inputChannels: number
  readonly size: readonly [height: number, width: number]
  /** Of every batch normalisation. */
  readonly epsilon: number
}

/** A convolution without bias, its batch normalisation, and what follows. */
export interface ConvNormOptions {
  readonly channels: number
  /** Default 1. */
  readonly kernel?: number
  /** Default 1. */
  readonly stride?: number
  /** As many groups as input channels. Default false. */
  readonly depthwise?: boolean
  readonly activation?: Unary['op'] | undefined
}

/** Squeeze-and-excite (Hu et al. 2018, arXiv 1709.01507): mean, 1x1 to `channels`, `activation`, 1x1 back, `gate`, times the input. */
export interface SqueezeExciteOptions {
  readonly channels: number
  readonly activation: Unary['op']
  readonly gate: 'sigmoid' | 'hardSigmoid'
}

/** Appends layers to one network in one form. Every method returns the name of the value it makes. */
export class Layers {
  readonly net: NetworkBuilder
  readonly options: BuildOptions

  constructor(name: string, options: BuildOptions) {
    const { inputChannels, size } = options
    this.net = new NetworkBuilder({ name, inputs: { image: [1, inputChannels, ...size] } })
    this.options = options
  }

  /** Channels of a value. */
  channels(value: string): number {
    return this.net.shape(value)[1] as number
  }

  /**
   * The convolution whose weights are under `conv` and the normalisation whose weights are under `norm`. Their value goes by the name
   * `conv` in both forms; folded, its weights are `<conv>.weight` and `<conv>.bias`.
   */
  convNorm(conv: string, norm: string, input: string, options: ConvNormOptions): string {
    if (this.options.form === 'deploy') this.#conv(conv, conv, input, options)
    else this.batchNorm(conv, norm, this.#conv(`${conv}.conv`, conv, input, options))
    return this.activation(options.activation, conv)
  }

  /**
   * Convolutions of equal shares of the channels, one kernel each, side by side: `<conv>.<share>.weight`. Given one kernel, and one share,
   * {@link Layers.convNorm} (MixConv: Tan and Le 2019, arXiv 1907.09595).
   */
  mixedConvNorm(
    conv: string,
    norm: string,
    input: string,
    options: Omit<ConvNormOptions, 'kernel'> & { readonly kernels: readonly number[] },
  ): string {
    const { kernels, ...rest } = options
    const [kernel = 1, ...others] = kernels
    if (others.length === 0) return this.convNorm(conv, norm, input, { ...rest, kernel })
    const isDeploy = this.options.form === 'deploy'
    const share = this.channels(input) / kernels.length
    const slices = kernels.map((_, index) => {
      const [start, end] = [index * share, (index + 1) * share]
      return this.net.slice(`${conv}.${index}.slice`, input, { start, end })
    })
    const parts = kernels.map((size, index) => {
      const [part, slice] = [`${conv}.${index}`, slices[index] as string]
      const own = { ...rest, kernel: size, channels: options.channels / kernels.length }
      return this.#conv(isDeploy ? part : `${part}.conv`, part, slice, own)
    })
    if (isDeploy) this.net.concat(conv, parts)
    else this.batchNorm(conv, norm, this.net.concat(`${conv}.concat`, parts))
    return this.activation(options.activation, conv)
  }

  /** A batch normalisation named `name` with its weights under `weights`. */
  batchNorm(name: string, weights: string, input: string): string {
    const names = {
      weight: `${weights}.weight`,
      bias: `${weights}.bias`,
      runningMean: `${weights}.running_mean`,
      runningVar: `${weights}.running_var`,
    }
    const shape = [this.channels(input)]
    const { epsilon } = this.options
    return this.net.append(
      { op: 'batchNorm', name, inputs: [input], ...names, epsilon },
      Object.fromEntries(Object.values(names).map((weight) => [weight, shape])),
    )
  }

  /** `<value>.<op>`, or the value itself without one. */
  activation(op: Unary['op'] | undefined, value: string): string {
    return op ? this.net.unary(op, `${value}.${op}`, value) : value
  }

  /** Weights `<name>.conv_reduce` and `<name>.conv_expand`. */
  squeezeExcite(name: string, input: string, options: SqueezeExciteOptions): string {
    const { channels, activation, gate } = options
    const pooled = this.net.globalAvgPool(`${name}.pool`, input)
    const reduced = this.net.conv(`${name}.conv_reduce`, pooled, { channels, activation })
    const expanded = this.net.conv(`${name}.conv_expand`, reduced, {
      channels: this.channels(input),
      activation: gate,
    })
    return this.net.mul(name, input, expanded)
  }

  /** The network that shows the logits of a linear layer `name` on the mean over the pixels of `input`. */
  classify(name: string, input: string): Graph {
    const pooled = this.net.globalAvgPool('global_pool', input)
    return this.classifyPooled(name, pooled)
  }

  /** The same of a value [N, C, 1, 1]. */
  classifyPooled(name: string, input: string): Graph {
    const flat = this.net.flatten('flatten', input)
    return this.net.build({ logits: this.net.linear(name, flat, { features: this.options.classes }) })
  }

  #conv(name: string, weights: string, input: string, options: ConvNormOptions): string {
    const { channels, kernel = 1, stride = 1, depthwise = false } = options
    const inChannels = this.channels(input)
    const groups = depthwise ? inChannels : 1
    const hasBias = this.options.form === 'deploy'
    const padding = Math.floor(kernel / 2)
    const node: Node = {
      op: 'conv2d',
      name,
      inputs: [input],
      weight: `${weights}.weight`,
      ...(hasBias && { bias: `${weights}.bias` }),
      stride: [stride, stride],
      padding: [padding, padding],
      dilation: [1, 1],
      groups,
    }
    return this.net.append(node, {
      [`${weights}.weight`]: [channels, inChannels / groups, kernel, kernel],
      ...(hasBias && { [`${weights}.bias`]: [channels] }),
    })
  }
}
