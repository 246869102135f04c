/**
 * The deploy form of a model as a .tflite file (TensorFlow Lite schema, version 3): float32, NHWC, ReLU taken into the
 * convolution before it, as TensorFlow's own converter writes it. Only what MobileOne needs is written.
 *
 * Padding: TFLite's SAME puts the odd zero after the data where PyTorch puts one on each side, so a convolution with a
 * stride reads a PAD; XNNPACK, which LiteRT runs on, joins the two again.
 */
import {
  type Conv2d,
  floatWeight,
  inferShapes,
  MobileOneError,
  type Model,
  type Node,
  type Tensor,
} from '@mobileone/core'
import { Builder, type Offset } from 'flatbuffers'
import {
  bool,
  bytes,
  type Field,
  int8,
  int32,
  ints,
  offsets,
  ref,
  table,
  uint8,
  uint32,
} from './flatbuffer.ts'

/** BuiltinOperator of the schema. */
const operators = {
  add: 0,
  conv2d: 3,
  depthwiseConv2d: 4,
  fullyConnected: 9,
  logistic: 14,
  mul: 18,
  relu: 19,
  reshape: 22,
  softmax: 25,
  pad: 34,
  mean: 40,
} as const
type Operator = keyof typeof operators

/** BuiltinOptions of the schema, a union. */
const optionTypes = {
  conv2d: 1,
  depthwiseConv2d: 2,
  fullyConnected: 8,
  softmax: 9,
  add: 11,
  mul: 21,
  mean: 27,
}
const float32 = 0
const int32Type = 2
const paddings = { same: 0, valid: 1 } as const
const activations = { none: 0, relu: 1 } as const

/**
 * `model` as the bytes of a .tflite file with one input [1, H, W, C] and one output.
 * @throws MobileOneError `unsupported` for what the deploy form of MobileOne does not have.
 */
export function toTflite(model: Model): Uint8Array {
  return new Writer(model).finish()
}

class Writer {
  readonly #model: Model
  readonly #shapes: Readonly<Record<string, readonly number[]>>
  readonly #builder: Builder
  /** Buffer 0 is the empty one of all tensors that are computed. */
  readonly #buffers: Offset[] = []
  readonly #tensors: Offset[] = []
  readonly #operators: Offset[] = []
  readonly #codes: Operator[] = []
  readonly #values = new Map<string, number>()

  constructor(model: Model) {
    this.#model = model
    this.#shapes = inferShapes(model)
    const weightBytes = Object.values(model.weights).reduce((sum, { data }) => sum + data.byteLength, 0)
    this.#builder = new Builder(weightBytes + 2 ** 18)
    this.#buffers.push(table(this.#builder, []))
  }

  finish(): Uint8Array {
    const { inputs, outputs, nodes } = this.#model
    const [inputName] = Object.keys(inputs)
    const [[outputName, outputValue]] = Object.entries(outputs) as [[string, string]]
    if (inputName === undefined || Object.keys(inputs).length !== 1 || Object.keys(outputs).length !== 1) {
      throw this.#unsupported('it needs one input and one output')
    }
    const input = this.#value(inputName)
    const fused = this.#fusedRelus()
    for (const node of nodes) if (!fused.relus.has(node.name)) this.#node(node, fused.into.get(node.name))
    const output = this.#values.get(outputValue)!

    const b = this.#builder
    const tensorMap = (name: string, index: number): Offset =>
      table(b, [ref(b.createString(name)), uint32(index)])
    const signature = table(b, [
      ref(offsets(b, [tensorMap(inputName, input)])),
      ref(offsets(b, [tensorMap(outputName, output)])),
      ref(b.createString('serving_default')),
      undefined,
      uint32(0),
    ])
    const subgraph = table(b, [
      ref(offsets(b, this.#tensors)),
      ref(ints(b, [input])),
      ref(ints(b, [output])),
      ref(offsets(b, this.#operators)),
      ref(b.createString('main')),
    ])
    const codes = this.#codes.map((name) =>
      table(b, [int8(operators[name]), undefined, int32(1), int32(operators[name])]),
    )
    const root = table(b, [
      uint32(3),
      ref(offsets(b, codes)),
      ref(offsets(b, [subgraph])),
      ref(b.createString(this.#model.name)),
      ref(offsets(b, this.#buffers)),
      undefined,
      undefined,
      ref(offsets(b, [signature])),
    ])
    b.finish(root, 'TFL3')
    return b.asUint8Array()
  }

  /** Which ReLUs go into the convolution before them: those that are its only reader. */
  #fusedRelus(): { readonly relus: ReadonlySet<string>; readonly into: ReadonlyMap<string, string> } {
    const { nodes, outputs } = this.#model
    const readers = new Map<string, Node[]>()
    for (const node of nodes) {
      for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node])
    }
    const relus = new Set<string>()
    const into = new Map<string, string>()
    for (const node of nodes) {
      const [reader, ...others] = readers.get(node.name) ?? []
      if (node.op !== 'conv2d' || reader?.op !== 'relu' || others.length > 0) continue
      if (Object.values(outputs).includes(node.name)) continue
      relus.add(reader.name)
      into.set(node.name, reader.name)
    }
    return { relus, into }
  }

  #node(node: Node, relu: string | undefined): void {
    const inputs = node.inputs.map((name) => this.#values.get(name)!)
    const output = (): number => this.#value(relu ?? node.name)
    switch (node.op) {
      case 'conv2d':
        this.#convolution(node, inputs[0]!, relu)
        break
      case 'linear': {
        const weight = this.#constant(node.weight, this.#weight(node.weight))
        const bias = node.bias === undefined ? -1 : this.#constant(node.bias, this.#weight(node.bias))
        this.#operator('fullyConnected', [inputs[0]!, weight, bias], output(), [int8(activations.none)])
        break
      }
      case 'relu':
        this.#operator('relu', inputs, output())
        break
      case 'sigmoid':
        this.#operator('logistic', inputs, output())
        break
      case 'add':
        this.#operator('add', inputs, output(), [int8(activations.none)])
        break
      case 'mul':
        this.#operator('mul', inputs, output(), [int8(activations.none)])
        break
      case 'globalAvgPool': {
        const axes = this.#integers(`${node.name}.axes`, [2], [1, 2])
        this.#operator('mean', [inputs[0]!, axes], output(), [bool(true)])
        break
      }
      case 'flatten': {
        const shape = this.#shapes[node.name]!
        const [, , height, width] = this.#shapes[node.inputs[0]]!
        if (height !== 1 || width !== 1) throw this.#unsupported(`${node.name} flattens a map, not a vector`)
        this.#operator('reshape', [inputs[0]!, this.#integers(`${node.name}.shape`, [2], shape)], output())
        break
      }
      case 'softmax':
        throw this.#unsupported('a softmax is not written; compare logits')
      case 'batchNorm':
      case 'silu':
      case 'gelu':
        throw this.#unsupported(`${node.name} is a ${node.op}; fold the model first (reparameterize)`)
      default:
        node satisfies never
    }
  }

  #convolution(node: Conv2d, input: number, relu: string | undefined): void {
    const weight = this.#weight(node.weight)
    const [outChannels = 0, perGroup = 0, kernelHeight = 1, kernelWidth = 1] = weight.shape
    const isDepthwise = node.groups > 1
    if (isDepthwise && (perGroup !== 1 || outChannels !== node.groups)) {
      throw this.#unsupported(`${node.name} is a grouped convolution, and only depthwise ones are written`)
    }
    const [top, left] = node.padding
    const [strideY, strideX] = node.stride
    const isPadded = top + left > 0
    const isSame =
      isPadded &&
      strideY === 1 &&
      strideX === 1 &&
      2 * top === kernelHeight - 1 &&
      2 * left === kernelWidth - 1
    const read = isPadded && !isSame ? this.#pad(node, input) : input
    const filter = this.#constant(
      node.weight,
      isDepthwise ? permuted(weight, [1, 2, 3, 0]) : permuted(weight, [0, 2, 3, 1]),
    )
    const bias = this.#constant(
      node.bias ?? `${node.name}.bias`,
      node.bias === undefined
        ? { shape: [outChannels], data: new Float32Array(outChannels) }
        : this.#weight(node.bias),
    )
    const before = [int8(isSame ? paddings.same : paddings.valid), int32(strideX), int32(strideY)]
    const after = [
      int8(relu === undefined ? activations.none : activations.relu),
      int32(node.dilation[1]),
      int32(node.dilation[0]),
    ]
    const output = this.#value(relu ?? node.name)
    if (isDepthwise) {
      this.#operator('depthwiseConv2d', [read, filter, bias], output, [...before, int32(1), ...after])
    } else this.#operator('conv2d', [read, filter, bias], output, [...before, ...after])
  }

  #pad(node: Conv2d, input: number): number {
    const [top, left] = node.padding
    const [batch = 1, channels = 0, height = 0, width = 0] = this.#shapes[node.inputs[0]]!
    const amounts = this.#integers(`${node.name}.padding`, [4, 2], [0, 0, top, top, left, left, 0, 0])
    const name = `${node.name}.padded`
    const output = this.#tensor(name, [batch, height + 2 * top, width + 2 * left, channels], float32, 0)
    this.#operator('pad', [input, amounts], output)
    return output
  }

  #operator(name: Operator, inputs: readonly number[], output: number, options?: readonly Field[]): void {
    const b = this.#builder
    if (!this.#codes.includes(name)) this.#codes.push(name)
    const written = options && table(b, options)
    const inputVector = ints(b, inputs)
    const outputVector = ints(b, [output])
    this.#operators.push(
      table(b, [
        uint32(this.#codes.indexOf(name)),
        ref(inputVector),
        ref(outputVector),
        ...(written === undefined
          ? []
          : [uint8(optionTypes[name as keyof typeof optionTypes]), ref(written)]),
      ]),
    )
  }

  /** The tensor of a value of the model, in TFLite's layout. */
  #value(name: string): number {
    const shape = this.#shapes[name]!
    const [batch = 1, channels = 0, ...spatial] = shape
    const index = this.#tensor(name, spatial.length === 2 ? [batch, ...spatial, channels] : shape, float32, 0)
    this.#values.set(name, index)
    return index
  }

  #constant(name: string, { shape, data }: Pick<Tensor, 'shape' | 'data'>): number {
    return this.#tensor(name, shape, float32, this.#buffer(data))
  }

  #integers(name: string, shape: readonly number[], values: readonly number[]): number {
    return this.#tensor(name, shape, int32Type, this.#buffer(Int32Array.from(values)))
  }

  #buffer(data: Float32Array | Int32Array): number {
    const written = bytes(this.#builder, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    return this.#buffers.push(table(this.#builder, [ref(written)])) - 1
  }

  #tensor(name: string, shape: readonly number[], type: number, buffer: number): number {
    const b = this.#builder
    const shapeVector = ints(b, shape)
    const written = b.createString(name)
    return this.#tensors.push(table(b, [ref(shapeVector), int8(type), uint32(buffer), ref(written)])) - 1
  }

  #weight(name: string): Tensor {
    return floatWeight(this.#model, name)
  }

  #unsupported(what: string): MobileOneError {
    return new MobileOneError('unsupported', `cannot write model "${this.#model.name}" as .tflite: ${what}`)
  }
}

/** `weight` with its axes in another order: axis i of the result is axis `order[i]`. */
function permuted(weight: Tensor, order: readonly number[]): Pick<Tensor, 'shape' | 'data'> {
  const strides = weight.shape.map((_, axis) =>
    weight.shape.slice(axis + 1).reduce((product, size) => product * size, 1),
  )
  const shape = order.map((axis) => weight.shape[axis]!)
  const steps = order.map((axis) => strides[axis]!)
  const data = new Float32Array(weight.data.length)
  const [a = 1, b = 1, c = 1, d = 1] = shape
  const [sa = 0, sb = 0, sc = 0, sd = 0] = steps
  let at = 0
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      for (let k = 0; k < c; k++) {
        for (let l = 0; l < d; l++) data[at++] = weight.data[i * sa + j * sb + k * sc + l * sd]!
      }
    }
  }
  return { shape, data }
}
