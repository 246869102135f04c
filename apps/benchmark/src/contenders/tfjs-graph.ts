import type { Contender, ContenderOptions } from '@mobileone/cli/measure'
import type { Conv2d, Model, Node } from '@mobileone/core'
import * as tf from '@tensorflow/tfjs-core'

/** A contender on the backend TensorFlow.js has been set to. */
export function graphContender({ inputShape }: ContenderOptions): Contender {
  const [batch = 1, channels = 1, height = 1, width = 1] = inputShape
  const shape: [number, number, number, number] = [batch, height, width, channels]
  let graph: TfjsGraph | undefined
  return {
    async load(source) {
      if (source instanceof Uint8Array) throw new Error('this one is built from a model, not from a file')
      graph?.dispose()
      graph = fusedGraph(source)
    },
    async run(input) {
      if (!graph) throw new Error('load a model first')
      const logits = tf.tidy(() => graph!.run(tf.tensor4d(input, shape)))
      const data = Float32Array.from(await logits.data<'float32'>())
      logits.dispose()
      return data
    },
    async dispose() {
      graph?.dispose()
      graph = undefined
    },
  }
}

interface TfjsGraph {
  /** From an input [N, H, W, C] to the model's first output. Intermediate tensors are the caller's to tidy. */
  run(input: tf.Tensor4D): tf.Tensor
  dispose(): void
}

type Value = tf.Tensor
/** Make a weight that stays until the graph is disposed; what it is made of goes at once. */
type Keep = (make: () => tf.Tensor) => tf.Tensor
type Step = (values: Map<string, Value>) => void

/**
 * The model as calls of TensorFlow.js's fused operations, NHWC, weights uploaded once: what a converter makes of it at
 * best. A convolution takes the ReLU that follows into itself where nothing else reads the value between.
 */
function fusedGraph(model: Model): TfjsGraph {
  const weights: tf.Tensor[] = []
  const keep: Keep = (make) => {
    const weight = tf.tidy(make)
    weights.push(weight)
    return weight
  }
  const readers = new Map<string, Node[]>()
  for (const node of model.nodes) {
    for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node])
  }
  const shown = new Set(Object.values(model.outputs))
  const fused = new Set<string>()
  const steps = model.nodes.flatMap((node): Step[] => {
    if (fused.has(node.name)) return []
    const [next, ...others] = readers.get(node.name) ?? []
    const takesRelu =
      node.op === 'conv2d' && next?.op === 'relu' && others.length === 0 && !shown.has(node.name)
    if (takesRelu) fused.add(next.name)
    const compute = operation(model, node, takesRelu, keep)
    const name = takesRelu ? next.name : node.name
    return [
      (values) =>
        values.set(
          name,
          compute((index) => values.get(node.inputs[index]!)!),
        ),
    ]
  })
  const [inputName = ''] = Object.keys(model.inputs)
  const [output = ''] = Object.values(model.outputs)
  return {
    run(input) {
      const values = new Map<string, Value>([[inputName, input]])
      for (const step of steps) step(values)
      return values.get(output)!
    },
    dispose: () => tf.dispose(weights),
  }
}

type Compute = (input: (index: number) => Value) => Value

function operation(model: Model, node: Node, takesRelu: boolean, keep: Keep): Compute {
  const stored = (name: string): tf.Tensor =>
    tf.tensor(model.weights[name]!.data, [...model.weights[name]!.shape])
  switch (node.op) {
    case 'conv2d':
      return convolution(model, node, takesRelu, stored, keep)
    case 'linear': {
      const weight = keep(() => tf.transpose(stored(node.weight)))
      const bias = node.bias === undefined ? undefined : keep(() => stored(node.bias!))
      return (input) =>
        tf.fused.matMul({
          a: input(0) as tf.Tensor2D,
          b: weight as tf.Tensor2D,
          transposeA: false,
          transposeB: false,
          ...(bias && { bias }),
        })
    }
    case 'relu':
      return (input) => tf.relu(input(0))
    case 'sigmoid':
      return (input) => tf.sigmoid(input(0))
    case 'add':
      return (input) => tf.add(input(0), input(1))
    case 'mul':
      return (input) => tf.mul(input(0), input(1))
    case 'globalAvgPool':
      return (input) => tf.mean(input(0), [1, 2], true)
    case 'flatten':
      return (input) => {
        const [batch = 1, height, width] = input(0).shape
        if (height !== 1 || width !== 1) throw new Error(`flatten of ${height} x ${width} would need NCHW`)
        return tf.reshape(input(0), [batch, -1])
      }
    case 'softmax':
      return (input) => tf.softmax(input(0))
    case 'batchNorm':
    case 'silu':
    case 'gelu':
      throw new Error(`the deploy form of MobileOne has no ${node.op}`)
    default:
      return node satisfies never
  }
}

function convolution(
  model: Model,
  node: Conv2d,
  takesRelu: boolean,
  stored: (name: string) => tf.Tensor,
  keep: Keep,
): Compute {
  const [outChannels = 0, perGroup = 0] = model.weights[node.weight]!.shape
  const isDepthwise = node.groups > 1
  if (isDepthwise && (perGroup !== 1 || outChannels !== node.groups)) {
    throw new Error(`${node.name} is a grouped convolution, and only depthwise ones are supported`)
  }
  const filter = keep(() => tf.transpose(stored(node.weight), isDepthwise ? [2, 3, 0, 1] : [2, 3, 1, 0]))
  const bias = node.bias === undefined ? undefined : keep(() => stored(node.bias!))
  const [top, left] = node.padding
  if (top !== left) throw new Error(`${node.name} pads ${top} x ${left}, and only equal padding is supported`)
  const settings = {
    filter: filter as tf.Tensor4D,
    strides: [...node.stride] as [number, number],
    dilations: [...node.dilation] as [number, number],
    pad: top,
    dimRoundingMode: 'floor' as const,
    ...(bias && { bias }),
    ...(takesRelu && { activation: 'relu' as const }),
  }
  return isDepthwise
    ? (input) => tf.fused.depthwiseConv2d({ ...settings, x: input(0) as tf.Tensor4D })
    : (input) => tf.fused.conv2d({ ...settings, x: input(0) as tf.Tensor4D })
}
