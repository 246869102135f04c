import type { Node } from '@mobileone/core'
import { bool, float32, int8 } from './flatbuffer.ts'
import { lowerConvolution } from './lower-convolution.ts'
import { channelsLast, declareValue, type Lowering, storeWeight, unsupported } from './lowering.ts'
import { activations } from './schema.ts'

/**
 * Add the operators that compute `node`, and the `relu` that reads it where it is given.
 * @throws MobileOneError `unsupported` naming the node.
 */
export function lowerNode(lowering: Lowering, node: Node, relu: string | undefined): void {
  const { file, model, shapes, tensors } = lowering
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
      const weight = storeWeight(lowering, node.weight)
      const bias = node.bias === undefined ? -1 : storeWeight(lowering, node.bias)
      file.operator('fullyConnected', [x, weight, bias], output(), [activation])
      break
    }
    case 'relu':
      file.operator('relu', inputs, output())
      break
    case 'sigmoid':
      file.operator('logistic', inputs, output())
      break
    case 'silu': {
      const shape = shapes[node.name] as readonly number[]
      const gate = file.value(`${node.name}.gate`, channelsLast(shape))
      file.operator('logistic', [x], gate)
      file.operator('mul', [x, gate], output(), [activation])
      break
    }
    case 'add':
      file.operator('add', inputs, output(), [activation])
      break
    case 'mul':
      file.operator('mul', inputs, output(), [activation])
      break
    case 'globalAvgPool': {
      const axes = file.constant(`${node.name}.axes`, [2], Int32Array.of(1, 2))
      const keepDims = bool(true)
      file.operator('mean', [x, axes], output(), [keepDims])
      break
    }
    case 'flatten': {
      const [, channels = 1, height = 1, width = 1] = shapes[node.inputs[0]] as readonly number[]
      if (channels > 1 && height * width > 1) {
        throw unsupported(
          model,
          `"${node.name}" flattens ${channels} maps of ${height} x ${width}; pool them first (globalAvgPool)`,
        )
      }
      const shape = shapes[node.name] as readonly number[]
      const target = file.constant(`${node.name}.shape`, [2], Int32Array.from(shape))
      file.operator('reshape', [x, target], output())
      break
    }
    case 'softmax': {
      const beta = float32(1)
      file.operator('softmax', [x], output(), [beta])
      break
    }
    case 'batchNorm':
      throw unsupported(model, `"${node.name}" is a batchNorm; fold the model first (reparameterize)`)
    case 'gelu':
      throw unsupported(model, `"${node.name}" is a gelu, which is not written; export it as ONNX or Core ML`)
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
