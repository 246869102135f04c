import type { Conv2d, TensorSpec } from '@mobileone/core'
import { type Field, int8, int32 } from './flatbuffer.ts'
import { inputsOf, levelsOf, partOf } from './int8-layer.ts'
import { declareValue, type Lowering } from './lowering.ts'
import { padded } from './padding.ts'
import { activations } from './schema.ts'

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
  const levels = levelsOf(model, node)
  const inputs = inputsOf(lowering, node, input, levels)
  const { padding, read } = padded(lowering, node, kernel, inputs.read, 0)
  const order = isDepthwise ? 'depthwise' : 'dense'
  const filter = levels ? constants.levels(node.weight, levels, order) : constants.filter(node.weight, order)
  const bias = node.bias === undefined ? constants.zeros(node.name, outChannels) : constants.weight(node.bias)
  const [strideY, strideX] = node.stride
  const [dilationY, dilationX] = node.dilation
  const fields = [int8(padding), int32(strideX), int32(strideY)]
  if (isDepthwise) fields.push(int32(outChannels / node.groups))
  const isWhole = inputs.own === undefined
  fields.push(isWhole ? activation : int8(activations.none), int32(dilationX), int32(dilationY))
  const output = isWhole ? declareValue(lowering, makes) : partOf(lowering, node)
  if (isDepthwise) {
    const version = dilationY * dilationX > 1 ? dilatedDepthwiseVersion : 1
    file.operator('depthwiseConv2d', [read, filter, bias], output, { fields, version })
  } else {
    const version = node.groups > 1 ? groupedVersion : 1
    file.operator('conv2d', [read, filter, bias], output, { fields, version })
  }
  if (inputs.own !== undefined) {
    file.operator('add', [output, inputs.own], declareValue(lowering, makes), { fields: [activation] })
  }
}
