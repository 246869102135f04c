import type { Node } from '@mobileone/core'
import { bool, float32, int8 } from './flatbuffer.ts'
import { lowerConvolution } from './lower-convolution.ts'
import { channelsLast, declareValue, type Lowering, unsupported } from './lowering.ts'
import { activations } from './schema.ts'

/**
 * Add the operators that compute `node`, and the `relu` that reads it where it is given.
 * @throws MobileOneError `unsupported` naming the node.
 */
export function lowerNode(lowering: Lowering, node: Node, relu: string | undefined): void {
  const { constants, file, model, shapes, tensors } = lowering
  const inputs = node.inputs.map((name) => tensors.get(name) as number)
  const [x] = inputs as [number]
  const makes = relu ?? node.name
  const activation = int8(relu === undefined ? activations.none : activations.relu)
  const output = (): number => declareValue(lowering, makes)
  switch (node.op) {
    case 'conv2d':
      lowerConvolution(lowering, node, x, makes, activation)
      break
    case 'linear': {
      const weight = constants.weight(node.weight)
      const bias = node.bias === undefined ? -1 : constants.weight(node.bias)
      file.operator('fullyConnected', [x, weight, bias], output(), { fields: [activation] })
      break
    }
    case 'relu':
      file.operator('relu', inputs, output())
      break
    case 'sigmoid':
      file.operator('logistic', inputs, output())
      break
    case 'silu': {
      const gate = file.value(`${node.name}.gate`, channelsLast(shapes[node.name] as readonly number[]))
      file.operator('logistic', [x], gate)
      file.operator('mul', [x, gate], output(), { fields: [activation] })
      break
    }
    case 'gelu': {
      const isApproximate = bool(false)
      file.operator('gelu', [x], output(), { fields: [isApproximate] })
      break
    }
    case 'add':
      file.operator('add', inputs, output(), { fields: [activation] })
      break
    case 'mul':
      file.operator('mul', inputs, output(), { fields: [activation] })
      break
    case 'globalAvgPool': {
      const axes = file.constant(`${node.name}.axes`, [2], Int32Array.of(1, 2))
      const keepsDimensions = bool(true)
      file.operator('mean', [x, axes], output(), { fields: [keepsDimensions] })
      break
    }
    case 'flatten': {
      const shape = shapes[node.inputs[0]] as readonly number[]
      const flat = shapes[node.name] as readonly number[]
      const target = file.constant(`${node.name}.shape`, [2], Int32Array.from(flat))
      file.operator('reshape', [channelsFirst(lowering, node.name, x, shape), target], output())
      break
    }
    case 'softmax': {
      const beta = float32(1)
      file.operator('softmax', [x], output(), { fields: [beta] })
      break
    }
    case 'batchNorm':
      throw unsupported(model, `"${node.name}" is a batchNorm; fold the model first (reparameterize)`)
    case 'relu6':
    case 'hardSigmoid':
    case 'hardSwish':
    case 'maxPool':
    case 'upsample':
    case 'concat':
    case 'slice':
      throw unsupported(model, `"${node.name}" is a ${node.op}, which is not written yet`)
    default:
      node satisfies never
  }
}

/** The elements of `x` in the order of the model: maps of more than one channel and one pixel are transposed. */
function channelsFirst({ file }: Lowering, name: string, x: number, shape: readonly number[]): number {
  const [, channels = 1, height = 1, width = 1] = shape
  if (shape.length !== 4 || channels === 1 || height * width === 1) return x
  const order = file.constant(`${name}.order`, [4], Int32Array.of(0, 3, 1, 2))
  const transposed = file.value(`${name}.transposed`, shape)
  file.operator('transpose', [x, order], transposed)
  return transposed
}
