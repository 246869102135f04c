/** MobileOne as a graph model of TensorFlow.js, as its converter writes them: bias and activation are parts of a convolution. */
import { type Conv2d, floatWeight, MobileOneError, type Model } from '@mobileone/core'

/** `model.json`, and the file of weights that its manifest names. */
export interface GraphModelFiles {
  readonly json: string
  readonly weights: Uint8Array<ArrayBuffer>
}

type Attributes = Readonly<Record<string, object>>
interface GraphNode {
  readonly name: string
  readonly op: string
  readonly input?: readonly string[]
  readonly attr: Attributes
}

const text = (value: string): string => Buffer.from(value).toString('base64')
const integers = (values: readonly number[]): object => ({ list: { i: values.map(String) } })
const float = { type: 'DT_FLOAT' } as const

/**
 * The files of `model`, the deploy form of a MobileOne without squeeze-and-excite. Its input is NHWC.
 * @throws MobileOneError `unsupported` for other nodes than theirs.
 */
export function toGraphModel(model: Model, weightsFile: string): GraphModelFiles {
  const nodes: GraphNode[] = []
  const specs: { name: string; shape: readonly number[]; dtype: 'float32' | 'int32' }[] = []
  const parts: Uint8Array[] = []
  const constant = (name: string, shape: readonly number[], data: Float32Array | Int32Array): string => {
    const isFloat = data instanceof Float32Array
    nodes.push({ name, op: 'Const', attr: { dtype: isFloat ? float : { type: 'DT_INT32' } } })
    specs.push({ name, shape, dtype: isFloat ? 'float32' : 'int32' })
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    return name
  }
  const vector = (name: string): string => {
    const data = floatWeight(model, name).data
    return constant(name, [data.length], data)
  }
  /** Where a value of the model is: ReLUs and the flattening of what has no height and width are parts of other nodes. */
  const places = new Map(Object.keys(model.inputs).map((name) => [name, name]))
  const placeOf = (name = ''): string => places.get(name) ?? name

  for (const [name, { shape }] of Object.entries(model.inputs)) {
    const [batch = 1, channels = 3, height = 1, width = 1] = shape
    const dim = [batch, height, width, channels].map((size) => ({ size: String(size) }))
    nodes.push({ name, op: 'Placeholder', attr: { dtype: float, shape: { shape: { dim } } } })
  }
  const rectified = new Set(model.nodes.flatMap((node) => (node.op === 'relu' ? node.inputs : [])))
  const fused = (name: string): Attributes => ({
    T: float,
    num_args: { i: '1' },
    fused_ops: { list: { s: ['BiasAdd', ...(rectified.has(name) ? ['Relu'] : [])].map(text) } },
  })
  for (const node of model.nodes) {
    const { name } = node
    const [from] = node.inputs
    switch (node.op) {
      case 'conv2d': {
        const filter = filterOf(model, node)
        const [vertical, horizontal] = node.padding
        nodes.push({
          name,
          op: filter.isDepthwise ? 'FusedDepthwiseConv2dNative' : '_FusedConv2D',
          input: [
            placeOf(from),
            constant(node.weight, filter.shape, filter.data),
            vector(biasOf(model, node)),
          ],
          attr: {
            ...fused(name),
            data_format: { s: text('NHWC') },
            strides: integers([1, ...node.stride, 1]),
            dilations: integers([1, ...node.dilation, 1]),
            padding: { s: text('EXPLICIT') },
            explicit_paddings: integers([0, 0, vertical, vertical, horizontal, horizontal, 0, 0]),
          },
        })
        break
      }
      case 'relu':
      case 'flatten':
        places.set(name, placeOf(from))
        break
      case 'globalAvgPool': {
        const axes = constant(`${name}.axes`, [2], Int32Array.of(1, 2))
        const attr = { T: float, keep_dims: { b: false } }
        nodes.push({ name, op: 'Mean', input: [placeOf(from), axes], attr })
        break
      }
      case 'linear': {
        const { shape, data } = floatWeight(model, node.weight)
        const [outputs = 0, inputs = 0] = shape
        const transposed = outermostLast(data, outputs)
        const weight = constant(node.weight, [inputs, outputs], transposed)
        nodes.push({
          name,
          op: '_FusedMatMul',
          input: [placeOf(from), weight, vector(biasOf(model, node))],
          attr: { ...fused(name), transpose_a: { b: false }, transpose_b: { b: false } },
        })
        break
      }
      default:
        throw unsupported(model, `${node.op} "${name}"`)
    }
  }
  const json = {
    format: 'graph-model',
    modelTopology: { node: nodes, versions: { producer: 1 } },
    weightsManifest: [{ paths: [weightsFile], weights: specs }],
  }
  return { json: JSON.stringify(json), weights: new Uint8Array(Buffer.concat(parts)) }
}

function biasOf(
  model: Model,
  { name, bias }: { readonly name: string; readonly bias?: string | undefined },
): string {
  if (bias === undefined) throw unsupported(model, `"${name}", which has no bias`)
  return bias
}

/** Weights [out, in, height, width] as [height, width, in, out], or of a depthwise convolution as [height, width, channels, 1]. */
function filterOf(
  model: Model,
  { name, weight, groups }: Conv2d,
): { readonly isDepthwise: boolean; readonly shape: readonly number[]; readonly data: Float32Array } {
  const { shape, data } = floatWeight(model, weight)
  const [outputs = 0, inputs = 0, height = 0, width = 0] = shape
  const isDepthwise = groups === outputs && inputs === 1
  if (groups !== 1 && !isDepthwise) throw unsupported(model, `"${name}", which has ${groups} groups`)
  const area = height * width
  const made = new Float32Array(data.length)
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      for (let place = 0; place < area; place++) {
        const from = (output * inputs + input) * area + place
        made[(place * inputs + input) * outputs + output] = data[from] as number
      }
    }
  }
  const ends = isDepthwise ? [outputs, 1] : [inputs, outputs]
  return { isDepthwise, shape: [height, width, ...ends], data: made }
}

/** [outermost, others] as [others, outermost]. */
function outermostLast(data: Float32Array, outermost: number): Float32Array {
  const others = data.length / outermost
  return data.map((_, index) => data[(index % outermost) * others + Math.floor(index / outermost)] as number)
}

function unsupported(model: Model, what: string): MobileOneError {
  return new MobileOneError(
    'unsupported',
    `no graph model of TensorFlow.js is made here of "${model.name}": ${what}`,
  )
}
