import { type Conv2d, floatWeight, type Tensor } from '@mobileone/core'
import { type Field, int8, int32 } from './flatbuffer.ts'
import { channelsLast, declareValue, type Lowering, storeWeight, unsupported } from './lowering.ts'
import { permute } from './permute.ts'
import { paddings } from './schema.ts'

/**
 * Add the operators of a dense or depthwise convolution into `makes`, with `activation` applied.
 *
 * TensorFlow Lite's SAME puts the odd zero after the data where PyTorch puts one on each side, so a convolution with a
 * stride reads a PAD; XNNPACK, on which LiteRT runs, joins the two again.
 * @throws MobileOneError `unsupported` for a grouped convolution that is not depthwise.
 */
export function lowerConvolution(
  lowering: Lowering,
  node: Conv2d,
  input: number,
  makes: string,
  activation: Field,
): void {
  const { file, model } = lowering
  const weight = floatWeight(model, node.weight)
  const [outChannels = 0, perGroup = 0] = weight.shape
  const isDepthwise = node.groups > 1
  if (isDepthwise && perGroup !== 1) {
    throw unsupported(
      model,
      `"${node.name}" convolves ${node.groups} groups of ${perGroup} channels; dense and depthwise convolutions are written`,
    )
  }
  const isSame = keepsSize(node, weight)
  const isPadded = node.padding[0] + node.padding[1] > 0
  const read = isPadded && !isSame ? pad(lowering, node, input) : input
  const filter = permute(weight, isDepthwise ? [1, 2, 3, 0] : [0, 2, 3, 1])
  const filterIndex = file.constant(node.weight, filter.shape, filter.data)
  const bias =
    node.bias === undefined
      ? file.constant(`${node.name}.bias`, [outChannels], new Float32Array(outChannels))
      : storeWeight(lowering, node.bias)
  const [strideY, strideX] = node.stride
  const [dilationY, dilationX] = node.dilation
  const options = [int8(isSame ? paddings.same : paddings.valid), int32(strideX), int32(strideY)]
  if (isDepthwise) options.push(int32(outChannels / node.groups))
  options.push(activation, int32(dilationX), int32(dilationY))
  const output = declareValue(lowering, makes)
  file.operator(isDepthwise ? 'depthwiseConv2d' : 'conv2d', [read, filterIndex, bias], output, options)
}

/** Whether SAME pads exactly as `node` does: without a stride, by half of what the dilated kernel overlaps. */
function keepsSize({ stride, padding, dilation }: Conv2d, { shape }: Tensor): boolean {
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
