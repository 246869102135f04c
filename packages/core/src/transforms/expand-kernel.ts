import type { Conv2d, Node } from '../model/model.ts'
import { type Context, type Rewrite, type Rule, rewrite } from './rewrite.ts'
import { wideData, wideTensor } from './wide.ts'

/**
 * Given
 *
 *     %a = conv2d(%x) A, 1x1
 *     %b = conv2d(%x) B, kxk, padding p
 *     %z = add(%a, %b)
 *
 * Result: the same with `%a = conv2d(%x) A', kxk, padding p`, where A' is A in the middle of zeros.
 *
 * Holds for any smaller kernel that samples the same centre: equal stride and groups, `k - k_a` even, and padding that
 * differs by `dilation (k - k_a) / 2`; a 1x1 kernel takes the dilation of the other.
 */
export const expandKernelRule: Rule = (node, context) => {
  if (node.op !== 'add') return undefined
  const [a, b] = node.inputs.map((name) => context.node(name)) as [Node | undefined, Node | undefined]
  if (a?.op !== 'conv2d' || b?.op !== 'conv2d') return undefined
  const small = expanded(a, b, context) ? a : expanded(b, a, context) ? b : undefined
  if (!small || !context.isPrivate(small.name)) return undefined
  const large = small === a ? b : a
  const result = expanded(small, large, context)
  if (!result) return undefined
  return { nodes: [result.node, node], weights: result.weights, absorbed: [small.name] }
}

/** Zero-pad the smaller kernel of two convolutions whose results are added. */
export const expandKernel: Rewrite = rewrite(expandKernelRule)

function expanded(small: Conv2d, large: Conv2d, context: Context) {
  const weight = context.weight(small.weight)
  const target = context.weight(large.weight)
  if (!weight || !target || small.inputs[0] !== large.inputs[0] || small.groups !== large.groups)
    return undefined
  const [outChannels = 0, perGroup = 0, height = 0, width = 0] = weight.shape
  const [, , targetHeight = 0, targetWidth = 0] = target.shape
  const axes = [
    { axis: 0, size: height, target: targetHeight },
    { axis: 1, size: width, target: targetWidth },
  ] as const
  if (axes.every(({ size, target }) => size === target)) return undefined
  const borders: number[] = []
  for (const { axis, size, target } of axes) {
    const dilation = size === 1 ? large.dilation[axis] : small.dilation[axis]
    const border = (target - size) / 2
    const fits =
      border >= 0 &&
      Number.isInteger(border) &&
      small.stride[axis] === large.stride[axis] &&
      (target === 1 || dilation === large.dilation[axis]) &&
      small.padding[axis] + dilation * border === large.padding[axis]
    if (!fits) return undefined
    borders.push(border)
  }

  const [top = 0, left = 0] = borders
  const source = wideData(weight)
  const data = new Float64Array(outChannels * perGroup * targetHeight * targetWidth)
  for (let filter = 0; filter < outChannels * perGroup; filter++) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        data[(filter * targetHeight + top + row) * targetWidth + left + column] = source[
          (filter * height + row) * width + column
        ] as number
      }
    }
  }
  const name = context.weightName(`${small.name}.weight`, [small])
  const node: Conv2d = { ...small, weight: name, padding: large.padding, dilation: large.dilation }
  return {
    node,
    weights: {
      [name]: wideTensor([outChannels, perGroup, targetHeight, targetWidth], data),
    },
  }
}
