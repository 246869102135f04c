import {
  floatWeight,
  inferShapes,
  MobileOneError,
  type Model,
  type Node,
  type Shapes,
  type Tensor,
  type Upsample,
} from '@mobileone/core'
import { float32ToFloat16 } from '@mobileone/core/half'
import { Names } from '../mil/names.ts'
import type { Elements, Layer, LayerParams, Scaler } from './network.ts'

/** Largest finite float16. */
const largestHalf = 65504

/** Collects the layers of a network, in execution order. */
export class LayerBuilder {
  readonly layers: Layer[] = []
  readonly names: Names = new Names()
  /** Name in the file to the name it has in the model, where they differ. */
  readonly renamed: Map<string, string> = new Map()
  /** Value of the model to the name it has in the file. */
  readonly values: Map<string, string> = new Map()
  readonly #model: Model
  readonly #shapes: Shapes
  readonly #precision: 'float32' | 'float16'
  readonly #layerNames = new Set<string>()
  readonly #recordedWeights = new Set<string>()

  constructor(model: Model, precision: 'float32' | 'float16') {
    this.#model = model
    this.#shapes = inferShapes(model)
    this.#precision = precision
  }

  /** A name for a feature of the model: an identifier, since Xcode makes a property of it. */
  feature(name: string): string {
    const taken = this.names.take(name)
    this.record(taken, name)
    return taken
  }

  /** A name for a layer. Unlike features, layers may have dots in their names. */
  layerName(name: string): string {
    const plain = /^[A-Za-z_][A-Za-z0-9_.]*$/.test(name) && !this.#layerNames.has(name)
    // What looks like an identifier may already name a feature.
    const taken = plain && name.includes('.') ? name : this.names.take(name)
    this.#layerNames.add(taken)
    this.record(taken, name)
    return taken
  }

  record(name: string, inModel: string): void {
    if (name !== inModel) this.renamed.set(name, inModel)
  }

  emit(name: string, inputs: readonly string[], params: LayerParams): void {
    this.layers.push({ name, inputs, params })
  }

  /**
   * Normalise an image input: the scaler has one scale for all channels, so deviations that differ become a scale layer of
   * 1 / std behind it, and the scaler subtracts the mean.
   */
  normalize(
    input: string,
    feature: string,
    { mean, std }: { readonly mean: readonly number[]; readonly std: readonly number[] },
  ): Scaler {
    const [common = 1] = std
    if (std.every((deviation) => deviation === common)) {
      return { feature, channelScale: 1 / (255 * common), bias: mean.map((average) => -average / common) }
    }
    const scaled = this.names.take(`${feature}_normalized`)
    const scale = Float32Array.from(std, (deviation) => 1 / deviation)
    this.emit(scaled, [feature], { kind: 'scale', scale })
    this.values.set(input, scaled)
    return { feature, channelScale: 1 / 255, bias: mean.map((average) => -average) }
  }

  /** Emit the layers of one node. */
  lower(node: Node): void {
    const name = this.values.get(node.name) as string
    const inputs = node.inputs.map((input) => this.values.get(input) as string)
    switch (node.op) {
      case 'conv2d': {
        const weight = this.#tensor(node.weight)
        const [outputChannels = 0, kernelChannels = 0, height = 0, width = 0] = weight.shape
        const { groups, stride, dilation, padding } = node
        this.emit(name, inputs, {
          kind: 'convolution',
          outputChannels,
          kernelChannels,
          groups,
          kernel: [height, width],
          stride,
          dilation,
          padding,
          weights: this.#weight(name, 'weight', node.weight),
          ...(node.bias !== undefined && { bias: this.#weight(name, 'bias', node.bias) }),
        })
        return
      }
      case 'linear': {
        const [outputChannels = 0, inputChannels = 0] = this.#tensor(node.weight).shape
        this.emit(name, inputs, {
          kind: 'innerProduct',
          inputChannels,
          outputChannels,
          weights: this.#weight(name, 'weight', node.weight),
          ...(node.bias !== undefined && { bias: this.#weight(name, 'bias', node.bias) }),
        })
        return
      }
      case 'batchNorm':
        if (Math.fround(node.epsilon) <= 0) {
          throw new MobileOneError(
            'unsupported',
            `cannot write model "${this.#model.name}" for Core ML: node "${node.name}" has an epsilon of ${node.epsilon}, which the format takes for 1e-5; fold the model first (reparameterize)`,
          )
        }
        this.emit(name, inputs, {
          kind: 'batchnorm',
          channels: this.#tensor(node.weight).shape[0] as number,
          epsilon: node.epsilon,
          gamma: this.#weight(name, 'weight', node.weight),
          beta: this.#weight(name, 'bias', node.bias),
          mean: this.#weight(name, 'running_mean', node.runningMean),
          variance: this.#weight(name, 'running_var', node.runningVar),
        })
        return
      case 'relu':
        this.emit(name, inputs, { kind: 'activation', nonlinearity: 'ReLU' })
        return
      case 'sigmoid':
        this.emit(name, inputs, { kind: 'activation', nonlinearity: 'sigmoid' })
        return
      case 'silu': {
        const gate = this.layerName(`${node.name}.sigmoid`)
        this.emit(gate, inputs, { kind: 'activation', nonlinearity: 'sigmoid' })
        this.emit(name, [...inputs, gate], { kind: 'multiply' })
        return
      }
      case 'gelu':
        this.emit(name, inputs, { kind: 'gelu' })
        return
      case 'add':
        this.emit(name, inputs, { kind: 'add' })
        return
      case 'mul':
        this.emit(name, inputs, { kind: 'multiply' })
        return
      case 'affine':
        this.emit(name, inputs, { kind: 'affine', alpha: node.scale, beta: node.offset })
        return
      case 'maximum':
        this.emit(name, inputs, { kind: 'max' })
        return
      case 'globalAvgPool':
        this.emit(name, inputs, { kind: 'globalPooling' })
        return
      case 'flatten':
        this.emit(name, inputs, { kind: 'flattenTo2D' })
        return
      case 'softmax':
        this.emit(name, inputs, { kind: 'softmaxND' })
        return
      case 'relu6':
        this.emit(name, inputs, { kind: 'clip' })
        return
      case 'hardSigmoid':
        this.emit(name, inputs, { kind: 'activation', nonlinearity: 'sigmoidHard' })
        return
      case 'hardSwish': {
        const gate = this.layerName(`${node.name}.gate`)
        this.emit(gate, inputs, { kind: 'activation', nonlinearity: 'sigmoidHard' })
        this.emit(name, [...inputs, gate], { kind: 'multiply' })
        return
      }
      case 'maxPool': {
        const { kernel, stride, padding } = node
        this.emit(name, inputs, { kind: 'maxPooling', kernel, stride, padding })
        return
      }
      case 'upsample':
        this.emit(name, inputs, { kind: 'upsample', scale: this.#wholeFactors(node) })
        return
      case 'concat':
        this.emit(name, inputs, { kind: 'concatND', axis: node.axis })
        return
      case 'slice': {
        const from = this.#shapes[node.inputs[0]] as readonly number[]
        const begin = from.map((_, axis) => (axis === node.axis ? node.start : 0))
        const end = from.map((size, axis) => (axis === node.axis ? node.end : size))
        this.emit(name, inputs, { kind: 'sliceStatic', begin, end })
        return
      }
      case 'layerNorm':
      case 'matmul':
      case 'reshape':
      case 'transpose':
      case 'parameter':
        return
      case 'channelShuffle':
        throw new MobileOneError(
          'unsupported',
          `cannot write model "${this.#model.name}" for Core ML: node "${name}" shuffles channels, which is written into a package alone (toCoreML, .mlpackage)`,
        )
      default:
        node satisfies never
    }
  }

  #wholeFactors({ inputs, mode, name }: Upsample): readonly [height: number, width: number] {
    const [, , height = 1, width = 1] = this.#shapes[inputs[0]] as readonly number[]
    const [, , outHeight = 1, outWidth = 1] = this.#shapes[name] as readonly number[]
    const scale = [outHeight / height, outWidth / width] as const
    if (mode === 'nearest' && scale.every(Number.isInteger)) return scale
    throw new MobileOneError(
      'unsupported',
      `cannot write model "${this.#model.name}" for Core ML: node "${name}" upsamples from ${height} x ${width} to ${outHeight} x ${outWidth}, ${mode}; ` +
        'the older single file is written with the nearest pixel and whole factors, so write a package (toCoreML, .mlpackage)',
    )
  }

  #tensor(name: string): Tensor {
    return floatWeight(this.#model, name)
  }

  /** A weight of the layer `layer`, whose name in the model is recorded where it is not `<layer>.<role>`. */
  #weight(layer: string, role: string, name: string): Elements {
    if (!this.#recordedWeights.has(name)) this.record(`${layer}.${role}`, name)
    this.#recordedWeights.add(name)
    const { data } = this.#tensor(name)
    const half = this.#precision === 'float16'
    for (const value of data) {
      if (Number.isFinite(value) && (!half || Math.abs(value) <= largestHalf)) continue
      throw new MobileOneError(
        'unsupported',
        Number.isFinite(value)
          ? `cannot write model "${this.#model.name}" with float16 weights: the weight "${name}" has an element of ${value}, and float16 ends at ${largestHalf}; write weights: "float32"`
          : `cannot write model "${this.#model.name}": the weight "${name}" has an element of ${value}; the checkpoint is damaged`,
      )
    }
    return half ? float32ToFloat16(data) : data
  }
}
