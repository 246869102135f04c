import type { Conv2d, TensorSpec } from '@mobileone/core'
import { type Field, int8, int32 } from './flatbuffer.ts'
import { declareValue, type Lowering } from './lowering.ts'
import { padded } from './padding.ts'

/** CONV_2D convolves groups since this version, DEPTHWISE_CONV_2D dilates since the other. */
const groupedVersion = 6
const dilatedDepthwiseVersion = 2

/**
 * Add the operators of a convolution into `makes`, with `activation` applied.
 *
 * Where it reads a PAD, XNNPACK, on which LiteRT runs, joins the two again.
 */
export function lowerConvolution(
  lowering: Lowering,
  node: Conv2d,
  input: number,
  makes: string,
  activation: Field,
): void {
  const { constants, file, model } = lowering
  const weight = model.weights[node.weight] as TensorSpec
  const [outChannels = 0, perGroup = 0] = weight.shape
  const isDepthwise = node.groups > 1 && perGroup === 1
  const kernel = weight.shape.slice(2).map((size, axis) => (node.dilation[axis] as number) * (size - 1) + 1)
  const { padding, read } = padded(lowering, node, kernel, input, 0)
  const filter = constants.filter(node.weight, isDepthwise ? 'depthwise' : 'dense')
  const bias = node.bias === undefined ? constants.zeros(node.name, outChannels) : constants.weight(node.bias)
  const [strideY, strideX] = node.stride
  const [dilationY, dilationX] = node.dilation
  const fields = [int8(padding), int32(strideX), int32(strideY)]
  if (isDepthwise) fields.push(int32(outChannels / node.groups))
  fields.push(activation, int32(dilationX), int32(dilationY))
  const output = declareValue(lowering, makes)
  if (isDepthwise) {
    const version = dilationY * dilationX > 1 ? dilatedDepthwiseVersion : 1
    file.operator('depthwiseConv2d', [read, filter, bias], output, { fields, version })
  } else {
    const version = node.groups > 1 ? groupedVersion : 1
    file.operator('conv2d', [read, filter, bias], output, { fields, version })
  }
}
