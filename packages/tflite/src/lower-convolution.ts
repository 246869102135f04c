import type { Conv2d, TensorSpec } from '@mobileone/core'
import { type Field, int8, int32 } from './flatbuffer.ts'
import { channelsLast, declareValue, type Lowering } from './lowering.ts'
import { paddings } from './schema.ts'

/** CONV_2D convolves groups since this version, DEPTHWISE_CONV_2D dilates since the other. */
const groupedVersion = 6
const dilatedDepthwiseVersion = 2

/**
 * Add the operators of a convolution into `makes`, with `activation` applied.
 *
 * TensorFlow Lite's SAME puts the odd zero after the data where PyTorch puts one on each side, so a convolution with a
 * stride reads a PAD; XNNPACK, on which LiteRT runs, joins the two again.
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
  const isSame = keepsSize(node, weight)
  const isPadded = node.padding[0] + node.padding[1] > 0
  const read = isPadded && !isSame ? pad(lowering, node, input) : input
  const filter = constants.filter(node.weight, isDepthwise ? 'depthwise' : 'dense')
  const bias = node.bias === undefined ? constants.zeros(node.name, outChannels) : constants.weight(node.bias)
  const [strideY, strideX] = node.stride
  const [dilationY, dilationX] = node.dilation
  const fields = [int8(isSame ? paddings.same : paddings.valid), int32(strideX), int32(strideY)]
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

/** Whether SAME pads exactly as `node` does: without a stride, by half of what the dilated kernel overlaps. */
function keepsSize({ stride, padding, dilation }: Conv2d, { shape }: TensorSpec): boolean {
  const [, , kernelHeight = 1, kernelWidth = 1] = shape
  return (
    stride[0] === 1 &&
    stride[1] === 1 &&
    2 * padding[0] === dilation[0] * (kernelHeight - 1) &&
    2 * padding[1] === dilation[1] * (kernelWidth - 1)
  )
}

function pad({ file, shapes }: Lowering, node: Conv2d, input: number): number {
  const [top, left] = node.padding
  const [batch = 1, channels = 0, height = 0, width = 0] = shapes[node.inputs[0]] as readonly number[]
  const amounts = Int32Array.of(0, 0, top, top, left, left, 0, 0)
  const amountsIndex = file.constant(`${node.name}.padding`, [4, 2], amounts)
  const padded = [batch, channels, height + 2 * top, width + 2 * left]
  const output = file.value(`${node.name}.padded`, channelsLast(padded))
  file.operator('pad', [input, amountsIndex], output)
  return output
}
