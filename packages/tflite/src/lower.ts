import type { Node, Unary } from '@mobileone/core'
import { bool, float32, int8, int32 } from './flatbuffer.ts'
import { inputsOf, levelsOf, partOf } from './int8-layer.ts'
import { lowerConvolution } from './lower-convolution.ts'
import { lowerUpsample } from './lower-upsample.ts'
import { channelsLast, declareValue, type Lowering, unsupported } from './lowering.ts'
import { padded } from './padding.ts'
import { activations } from './schema.ts'

/**
 * Add the operators that compute `node`, and the `relu` or `relu6` that reads it where it is given.
 * @throws MobileOneError `unsupported` naming the node.
 */
export function lowerNode(lowering: Lowering, node: Node, clip: Unary | undefined): void {
  const { constants, file, model, shapes, tensors } = lowering
  const inputs = node.inputs.map((name) => tensors.get(name) as number)
  const [x] = inputs as [number]
  const makes = clip?.name ?? node.name
  const activation = int8(clip ? activations[clip.op as 'relu' | 'relu6'] : activations.none)
  const output = (): number => declareValue(lowering, makes)
  switch (node.op) {
    case 'conv2d':
      lowerConvolution(lowering, node, x, makes, activation)
      break
    case 'linear': {
      const levels = levelsOf(model, node)
      const { read, own } = inputsOf(lowering, node, x, levels)
      const weight = levels ? constants.levels(node.weight, levels) : constants.weight(node.weight)
      const bias = node.bias === undefined ? -1 : constants.weight(node.bias)
      const part = own === undefined ? output() : partOf(lowering, node)
      const clips = own === undefined ? activation : int8(activations.none)
      file.operator('fullyConnected', [read, weight, bias], part, { fields: [clips] })
      if (own !== undefined) file.operator('add', [part, own], output(), { fields: [activation] })
      break
    }
    case 'relu':
      file.operator('relu', inputs, output())
      break
    case 'relu6':
      file.operator('relu6', inputs, output())
      break
    case 'hardSwish':
      file.operator('hardSwish', inputs, output())
      break
    case 'hardSigmoid': {
      const shape = channelsLast(shapes[node.name] as readonly number[])
      const shifted = file.value(`${node.name}.shifted`, shape)
      const clipped = int8(activations.relu6)
      file.operator('add', [x, constants.scalar(3)], shifted, { fields: [clipped] })
      file.operator('mul', [shifted, constants.scalar(1 / 6)], output(), { fields: [int8(activations.none)] })
      break
    }
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
    case 'affine': {
      const { scale, offset } = node
      if (offset === 0) {
        file.operator('mul', [x, constants.scalar(scale)], output(), { fields: [activation] })
        break
      }
      const scaled =
        scale === 1
          ? x
          : file.value(`${node.name}.scaled`, channelsLast(shapes[node.name] as readonly number[]))
      if (scaled !== x)
        file.operator('mul', [x, constants.scalar(scale)], scaled, { fields: [int8(activations.none)] })
      file.operator('add', [scaled, constants.scalar(offset)], output(), { fields: [activation] })
      break
    }
    case 'maximum':
      file.operator('maximum', inputs, output())
      break
    case 'globalAvgPool': {
      const axes = file.constant(`${node.name}.axes`, [2], Int32Array.of(1, 2))
      const keepsDimensions = bool(true)
      file.operator('mean', [x, axes], output(), { fields: [keepsDimensions] })
      break
    }
    case 'maxPool': {
      const { padding, read } = padded(lowering, node, node.kernel, x, Number.NEGATIVE_INFINITY)
      const [strideY, strideX] = node.stride
      const [height, width] = node.kernel
      const window = [int8(padding), int32(strideX), int32(strideY), int32(width), int32(height)]
      file.operator('maxPool2d', [read], output(), { fields: [...window, activation] })
      break
    }
    case 'upsample':
      lowerUpsample(lowering, node, x)
      break
    case 'concat': {
      const axis = int32(axisOf(shapes[node.name] as readonly number[], node.axis))
      file.operator('concatenation', inputs, output(), { fields: [axis, activation] })
      break
    }
    case 'slice': {
      const made = channelsLast(shapes[node.name] as readonly number[])
      const begin = made.map((_, axis) => (axis === axisOf(made, node.axis) ? node.start : 0))
      const bound = (name: string, values: readonly number[]): number =>
        file.constant(`${node.name}.${name}`, [values.length], Int32Array.from(values))
      file.operator('slice', [x, bound('begin', begin), bound('size', made)], output())
      break
    }
    case 'channelShuffle': {
      const made = channelsLast(shapes[node.name] as readonly number[])
      const [n = 1, height = 1, width = 1, channels = 1] = made
      const pixels = n * height * width
      const sizes = (name: string, values: readonly number[]): number =>
        file.constant(`${node.name}.${name}`, [values.length], Int32Array.from(values))
      const [grouped, inTurn] = [
        [pixels, node.groups, channels / node.groups],
        [pixels, channels / node.groups, node.groups],
      ] as const
      const apart = file.value(`${node.name}.apart`, grouped)
      const turned = file.value(`${node.name}.turned`, inTurn)
      file.operator('reshape', [x, sizes('groups', grouped)], apart)
      file.operator('transpose', [apart, sizes('order', [0, 2, 1])], turned)
      file.operator('reshape', [turned, sizes('shape', made)], output())
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
    case 'layerNorm':
    case 'matmul':
    case 'reshape':
    case 'transpose':
    case 'parameter':
      break
    case 'batchNorm':
      throw unsupported(model, `"${node.name}" is a batchNorm; fold the model first (reparameterize)`)
    default:
      node satisfies never
  }
}

/** The axis of the model where the file has it: maps are [N, H, W, C]. */
function axisOf(shape: readonly number[], axis: number): number {
  return shape.length === 4 && axis > 0 ? ((axis + 1) % 3) + 1 : axis
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
