import type { Conv2d, MaxPool } from '@mobileone/core'
import { channelsLast, type Lowering } from './lowering.ts'
import { paddings } from './schema.ts'

/**
 * What a window over the input of `node` reads, and the padding it then names. TensorFlow Lite's SAME puts the odd row after the data
 * where PyTorch puts as many on each side, so that only some sizes agree; the others read a PAD with `filling` around the data.
 * @param kernel Height and width that a window spans, dilation included.
 */
export function padded(
  lowering: Lowering,
  node: Conv2d | MaxPool,
  kernel: readonly number[],
  input: number,
  filling: number,
): { readonly padding: number; readonly read: number } {
  const { file, shapes } = lowering
  const [top, left] = node.padding
  if (top === 0 && left === 0) return { padding: paddings.valid, read: input }
  const [batch = 1, channels = 0, height = 0, width = 0] = shapes[node.inputs[0]] as readonly number[]
  const [, , ...made] = shapes[node.name] as readonly number[]
  const isSame = [height, width].every((size, axis) => {
    const stride = node.stride[axis] as number
    const out = Math.ceil(size / stride)
    const total = Math.max((out - 1) * stride + (kernel[axis] as number) - size, 0)
    return made[axis] === out && node.padding[axis] === Math.floor(total / 2)
  })
  if (isSame) return { padding: paddings.same, read: input }

  const amounts = file.constant(
    `${node.name}.padding`,
    [4, 2],
    Int32Array.of(0, 0, top, top, left, left, 0, 0),
  )
  const read = file.value(
    `${node.name}.padded`,
    channelsLast([batch, channels, height + 2 * top, width + 2 * left]),
  )
  if (filling === 0) file.operator('pad', [input, amounts], read)
  else {
    const value = file.constant(`${node.name}.filling`, [], Float32Array.of(filling))
    file.operator('padV2', [input, amounts, value], read)
  }
  return { padding: paddings.valid, read }
}
