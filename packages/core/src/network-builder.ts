/** Networks of one's own, node by node: from nothing, or on top of a model's values. */
import { MobileOneError } from './errors.ts'
import { addBlock, type Form } from './mobileone/block.ts'
import { addBatchNorm, type Builder } from './mobileone/builder.ts'
import { withOutputs } from './model/edit.ts'
import type { Graph, Node, Unary } from './model/model.ts'
import { outputShape } from './model/shapes.ts'
import { formatShape, spec } from './model/tensor.ts'
import { validate } from './model/validate.ts'

/** One number for both axes, or [height, width]. */
export type Pair = number | readonly [height: number, width: number]

/** A convolution to add; a {@link Pair} is one number for both axes or [height, width]. */
export interface ConvOptions {
  /** Output channels. */
  readonly channels: number
  /** Default 1. */
  readonly kernel?: Pair
  /** Default 1. */
  readonly stride?: Pair
  /** Zeros on both sides. Default `dilation * (kernel - 1) / 2`, rounded down, which keeps the size at stride 1 and an odd kernel. */
  readonly padding?: Pair
  /** Default 1. */
  readonly dilation?: Pair
  /** Default 1; as many as input channels for a depthwise convolution. */
  readonly groups?: number
  /** Default true; leave it out before a batch normalisation. */
  readonly bias?: boolean
  /** A function of each element to apply to the result: a node `<name>.<activation>`, whose name is then returned. */
  readonly activation?: Unary['op']
}

/** A MobileOne block to add, padded so that stride 1 keeps the size. */
export interface MobileOneBlockOptions {
  /** Output channels. */
  readonly channels: number
  /** Default 3. */
  readonly kernel?: number
  /** Default 1. */
  readonly stride?: number
  /** Default 1; as many as input channels for a depthwise block. */
  readonly groups?: number
  /** k: parallel convolutions of the train form. Default 1. */
  readonly branches?: number
  /** Default false. */
  readonly squeezeExcite?: boolean
  /** `train`, which `reparameterize` folds, or `deploy`. Default `train`. */
  readonly form?: Form
}

/** How an image is to be enlarged: by a factor or to a size. */
export interface UpsampleOptions {
  readonly mode: 'nearest' | 'bilinear'
  /** Bilinear only: the centres of the corner pixels stay in place. Default false: the edges of the image do. */
  readonly alignCorners?: boolean
  /** How many times as large, in whole numbers; or give `size`. */
  readonly scale?: Pair
  /** Pixels of the result; or give `scale`. */
  readonly size?: Pair
}

/**
 * Builds a network. Every method appends a node and returns the name of the value it makes, for the next one to read; a node's
 * weights are named `<name>.weight` and `<name>.bias`. Shapes are known at once, so what does not fit fails where it is written.
 * `initialize` or `attachWeights` give the result its weights.
 *
 * @example
 * const net = new NetworkBuilder({ name: 'tiny', inputs: { image: [1, 3, 32, 32] } })
 * const features = net.conv('stem', 'image', { channels: 16, kernel: 3, stride: 2, activation: 'relu' })
 * const pooled = net.flatten('flat', net.globalAvgPool('pool', features))
 * const model = initialize(net.build({ logits: net.linear('head', pooled, { features: 10 }) }), { seed: 1 })
 */
export class NetworkBuilder {
  readonly #base: Omit<Graph, 'nodes' | 'weights' | 'outputs' | 'config'>
  readonly #builder: Builder = { nodes: [], weights: {} }
  readonly #shapes = new Map<string, readonly number[]>()

  /**
   * @param base A name and the shape of each input, [N, C, H, W]; or a network, whose inputs, nodes and weights are then there to be
   * built on. Its card stays; it is not changed.
   * @throws MobileOneError `invalid-model` for a network that is not well formed.
   */
  constructor(
    base: { readonly name: string; readonly inputs: Readonly<Record<string, readonly number[]>> } | Graph,
  ) {
    if ('nodes' in base) {
      validate(base)
      const { nodes, weights, outputs: _outputs, config: _config, ...rest } = base
      this.#base = rest
      this.#measureInputs()
      this.#extend({ nodes: [...nodes], weights: { ...weights } })
    } else {
      const inputs = Object.entries(base.inputs).map(([name, shape]) => [name, spec(shape)] as const)
      this.#base = { name: base.name, inputs: Object.fromEntries(inputs) }
      this.#measureInputs()
    }
  }

  /**
   * The shape of a value: of an input, or of what a node makes.
   * @throws MobileOneError `invalid-argument` for one that does not exist.
   */
  shape(value: string): readonly number[] {
    const shape = this.#shapes.get(value)
    if (shape) return shape
    throw new MobileOneError(
      'invalid-argument',
      `network "${this.#base.name}" has no value "${value}"; it has the inputs ${Object.keys(this.#base.inputs).join(', ')} and ${this.#builder.nodes.length} nodes`,
    )
  }

  /** `torch.nn.Conv2d`: [N, C, H, W] to [N, channels, H', W']. */
  conv(name: string, input: string, options: ConvOptions): string {
    const { channels, kernel = 1, stride = 1, dilation = 1, groups = 1, bias = true, activation } = options
    const [size, dilations] = [pair(kernel), pair(dilation)]
    const same = size.map((taps, axis) => Math.floor(((dilations[axis] as number) * (taps - 1)) / 2))
    this.append(
      {
        op: 'conv2d',
        name,
        inputs: [input],
        weight: `${name}.weight`,
        ...(bias && { bias: `${name}.bias` }),
        stride: pair(stride),
        padding: pair(options.padding ?? (same as [number, number])),
        dilation: dilations,
        groups,
      },
      {
        [`${name}.weight`]: [channels, this.#channels(input) / groups, ...size],
        ...(bias && { [`${name}.bias`]: [channels] }),
      },
    )
    return activation ? this.unary(activation, `${name}.${activation}`, name) : name
  }

  /** `torch.nn.BatchNorm2d` in evaluation: the weights are `weight`, `bias`, `running_mean` and `running_var`, each [C]. */
  batchNorm(name: string, input: string, options: { readonly epsilon?: number } = {}): string {
    const channels = this.#channels(input)
    return this.#add((to) => addBatchNorm(to, name, input, channels, name, options.epsilon))
  }

  /** A MobileOne block, `relu(se(sum of branches))`, with the weight names of the paper's networks. */
  block(name: string, input: string, options: MobileOneBlockOptions): string {
    const {
      channels,
      kernel = 3,
      stride = 1,
      groups = 1,
      branches = 1,
      squeezeExcite = false,
      form = 'train',
    } = options
    const inChannels = this.#channels(input)
    const geometry = { inChannels, outChannels: channels, kernel, stride, groups, branches, squeezeExcite }
    return this.#add((to) => addBlock(to, name, input, form, geometry))
  }

  /** `torch.nn.Linear`: [N, ..., I] to [N, ..., features]. */
  linear(
    name: string,
    input: string,
    options: { readonly features: number; readonly bias?: boolean },
  ): string {
    const { features, bias = true } = options
    return this.append(
      {
        op: 'linear',
        name,
        inputs: [input],
        weight: `${name}.weight`,
        ...(bias && { bias: `${name}.bias` }),
      },
      {
        [`${name}.weight`]: [features, this.#rowLength(input)],
        ...(bias && { [`${name}.bias`]: [features] }),
      },
    )
  }

  /** A function of each element: the same shape. */
  unary(op: Unary['op'], name: string, input: string): string {
    return this.append({ op, name, inputs: [input] })
  }

  /** `scale * x + offset`. Default `offset` 0. */
  affine(name: string, input: string, options: { readonly scale: number; readonly offset?: number }): string {
    const { scale, offset = 0 } = options
    return this.append({ op: 'affine', name, inputs: [input], scale, offset })
  }

  /** `a + b` of one shape, or [N, C, 1, 1] or [N, 1, 1, 1] on [N, C, H, W]. */
  add(name: string, a: string, b: string): string {
    return this.append({ op: 'add', name, inputs: [a, b] })
  }

  /** `a * b` of one shape, or a gate [N, C, 1, 1] or [N, 1, 1, 1] on [N, C, H, W]. */
  mul(name: string, a: string, b: string): string {
    return this.append({ op: 'mul', name, inputs: [a, b] })
  }

  /** The larger of `a` and `b`, of one shape. */
  maximum(name: string, a: string, b: string): string {
    return this.append({ op: 'maximum', name, inputs: [a, b] })
  }

  /** The mean over height and width: [N, C, H, W] to [N, C, 1, 1]. */
  globalAvgPool(name: string, input: string): string {
    return this.append({ op: 'globalAvgPool', name, inputs: [input] })
  }

  /** `torch.nn.MaxPool2d`: the largest value of each window. */
  maxPool(
    name: string,
    input: string,
    options: {
      readonly kernel: Pair
      /** Default: the kernel's size. */
      readonly stride?: Pair
      /** Minus infinity on both sides. Default 0. */
      readonly padding?: Pair
    },
  ): string {
    const { kernel, stride = kernel, padding = 0 } = options
    return this.append({
      op: 'maxPool',
      name,
      inputs: [input],
      kernel: pair(kernel),
      stride: pair(stride),
      padding: pair(padding),
    })
  }

  /** `torch.nn.Upsample`: `scale` times as large, or of `size`. */
  upsample(name: string, input: string, options: UpsampleOptions): string {
    const { mode, alignCorners, scale, size } = options
    return this.append({
      op: 'upsample',
      name,
      inputs: [input],
      mode,
      ...(alignCorners !== undefined && { alignCorners }),
      ...(scale !== undefined && { scale: pair(scale) }),
      ...(size !== undefined && { size: pair(size) }),
    })
  }

  /** One after another along `axis`, the channels by default. */
  concat(name: string, inputs: readonly string[], axis = 1): string {
    return this.append({ op: 'concat', name, inputs: inputs as [string, ...string[]], axis })
  }

  /** Elements `start`, ..., `end - 1` along `axis`, the channels by default. */
  slice(
    name: string,
    input: string,
    options: { readonly start: number; readonly end: number; readonly axis?: number },
  ): string {
    const { start, end, axis = 1 } = options
    return this.append({ op: 'slice', name, inputs: [input], axis, start, end })
  }

  /** `torch.nn.ChannelShuffle`: the channels of `groups` equal groups, taken in turn from each. */
  channelShuffle(name: string, input: string, groups: number): string {
    return this.append({ op: 'channelShuffle', name, inputs: [input], groups })
  }

  /** [N, A, B, ...] to [N, A * B * ...]. */
  flatten(name: string, input: string): string {
    return this.append({ op: 'flatten', name, inputs: [input] })
  }

  /** Over the last axis. */
  softmax(name: string, input: string): string {
    return this.append({ op: 'softmax', name, inputs: [input] })
  }

  /** `torch.nn.LayerNorm` over the last axis. Epsilon is 1e-5 by default. */
  layerNorm(name: string, input: string, { epsilon = 1e-5 }: { readonly epsilon?: number } = {}): string {
    const [weight, bias, shape] = [`${name}.weight`, `${name}.bias`, [this.#rowLength(input)]]
    const node = { op: 'layerNorm', name, inputs: [input], weight, bias, epsilon } as const
    return this.append(node, { [weight]: shape, [bias]: shape })
  }

  /** [N, ..., M, K] times [N, ..., K, P], or with `transposeB` times [N, ..., P, K], times `scale`. */
  matmul(
    name: string,
    a: string,
    b: string,
    options: { readonly transposeB?: boolean; readonly scale?: number } = {},
  ): string {
    return this.append({ op: 'matmul', name, inputs: [a, b], ...options })
  }

  /** The same elements in another shape, of which the first size is 0 (as it is) or -1 (what remains). */
  reshape(name: string, input: string, shape: readonly number[]): string {
    return this.append({ op: 'reshape', name, inputs: [input], shape })
  }

  /** The axes in another order, the first in its place. */
  transpose(name: string, input: string, permutation: readonly number[]): string {
    return this.append({ op: 'transpose', name, inputs: [input], permutation })
  }

  /** A weight of its own, called `name` too, [1, ...], for each item of the batch of `like`: [N, ...]. */
  parameter(name: string, like: string, shape: readonly number[]): string {
    return this.append({ op: 'parameter', name, inputs: [like], weight: name }, { [name]: shape })
  }

  /**
   * Any node, with the shapes of the weights that are new.
   * @throws MobileOneError `invalid-model` where its inputs and weights do not fit it or each other, or its name is taken.
   */
  append(node: Node, weights: Readonly<Record<string, readonly number[]>> = {}): string {
    for (const [name, shape] of Object.entries(weights)) {
      if (!shape.every((size) => Number.isSafeInteger(size) && size >= 1)) {
        throw new MobileOneError(
          'invalid-model',
          `node "${node.name}" (${node.op}): the weight "${name}" would be ${formatShape(shape)}; sizes are whole numbers of at least 1, and groups divide the channels`,
        )
      }
    }
    const specs = Object.entries(weights).map(([name, shape]) => [name, spec(shape)] as const)
    this.#extend({ nodes: [node], weights: Object.fromEntries(specs) })
    return node.name
  }

  /**
   * The network that shows these values (output name to value name), without what none of them needs.
   * @throws MobileOneError `invalid-argument` for a value that does not exist, `invalid-model` for a network that is not well formed.
   */
  build(outputs: Readonly<Record<string, string>>): Graph {
    const { nodes, weights } = this.#builder
    const graph = withOutputs(
      { ...this.#base, nodes: [...nodes], weights: { ...weights }, outputs: {} },
      outputs,
    )
    validate(graph)
    return graph
  }

  #channels(value: string): number {
    return this.shape(value)[1] as number
  }

  #rowLength(value: string): number {
    return this.shape(value).at(-1) as number
  }

  /** Append what `build` appends. */
  #add(build: (to: Builder) => string): string {
    const added: Builder = { nodes: [], weights: {} }
    const value = build(added)
    this.#extend(added)
    return value
  }

  /** Append all of it, or nothing where it does not fit. */
  #extend({ nodes, weights }: Builder): void {
    const own = this.#builder
    const taken = Object.keys(weights).find((name) => Object.hasOwn(own.weights, name))
    if (taken !== undefined) {
      throw new MobileOneError(
        'invalid-model',
        `the weight name "${taken}" is taken; nodes need names of their own`,
      )
    }
    Object.assign(own.weights, weights)
    try {
      for (const [name, shape] of this.#shapesOf(nodes)) this.#shapes.set(name, shape)
    } catch (error) {
      for (const name of Object.keys(weights)) delete own.weights[name]
      throw error
    }
    own.nodes.push(...nodes)
  }

  #shapesOf(nodes: readonly Node[]): ReadonlyMap<string, readonly number[]> {
    const graph = { ...this.#base, nodes, weights: this.#builder.weights, outputs: {} }
    const shapes = new Map<string, readonly number[]>()
    for (const node of nodes) {
      if (this.#shapes.has(node.name) || shapes.has(node.name)) {
        throw new MobileOneError(
          'invalid-model',
          `node "${node.name}" (${node.op}): the name is taken; values need names of their own`,
        )
      }
      const inputs = node.inputs.map((name) => shapes.get(name) ?? this.shape(name))
      shapes.set(node.name, outputShape(graph, node, inputs))
    }
    return shapes
  }

  #measureInputs(): void {
    for (const [name, { shape }] of Object.entries(this.#base.inputs)) this.#shapes.set(name, shape)
  }
}

function pair(value: Pair): readonly [number, number] {
  return typeof value === 'number' ? [value, value] : value
}
