import { integerWeight, largestLevel } from './model/integer-weight.ts'
import type { Model, Node } from './model/model.ts'
import { spec, type Tensor, type TensorSpec, type Tensors, tensor, type Weight } from './model/tensor.ts'
import { random } from './random.ts'

/** Of the input of a layer: an odd number of pixels, more than a tile of any kernel. */
const [height, width] = [3, 5]

/**
 * The layers of `model` in integers side by side, each with an input of its own and shown under its name, and inputs that reach every
 * level, and beyond both ends. Undefined where the model has none.
 */
export function integerLayers(model: Model): { readonly model: Model; readonly inputs: Tensors } | undefined {
  const source = random(1)
  const inputs: Record<string, Tensor> = {}
  const weights: Record<string, Weight> = {}
  const nodes: Node[] = []
  for (const node of model.nodes) {
    const weight = integerWeight(model, node)
    if (!weight?.inputSteps || node.op !== 'conv2d') continue
    const name = `input of ${node.name}`
    const channels = weight.inputSteps.length
    const levels = Float32Array.from({ length: channels * height * width }, (_, at) => {
      const step = weight.inputSteps?.[Math.floor(at / (height * width))] as number
      return step * (largestLevel + 16) * (1.1 * source.next() - 0.1)
    })
    inputs[name] = tensor([1, channels, height, width], levels)
    weights[node.weight] = weight
    if (node.bias !== undefined) weights[node.bias] = model.weights[node.bias] as Weight
    nodes.push({ ...node, inputs: [name] })
  }
  if (nodes.length === 0) return undefined
  const { card: _card, config: _config, ...rest } = model
  const specs = Object.entries(inputs).map(([name, { shape }]): [string, TensorSpec] => [name, spec(shape)])
  return {
    model: {
      ...rest,
      inputs: Object.fromEntries(specs),
      nodes,
      outputs: Object.fromEntries(nodes.map(({ name }) => [name, name])),
      weights,
    },
    inputs,
  }
}
