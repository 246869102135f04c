/** Layers that decoders have: pooled, enlarged, joined and cut maps. */
import { sameShape } from '@mobileone/core'
import { limits } from '../read/limits.ts'
import type { Value } from './importer.ts'
import type { LayerReader } from './layer-reader.ts'

/** Axes from the front, of a value that has in the file the axes of the model. */
function axisOf(r: LayerReader, { core, shape }: Value, axis: number): number {
  if (!sameShape(core, shape)) r.unsupported(`reads [${shape.join(', ')}] as [${core.join(', ')}]`)
  const found = axis < 0 ? axis + shape.length : axis
  if (!Number.isInteger(found) || found < 1 || found >= shape.length) {
    r.unsupported(`works along axis ${axis} of [${shape.join(', ')}]; the items of a batch stay together`)
  }
  return found
}

export function importClip(r: LayerReader): void {
  const p = r.fields({ float: [1, 2] })
  const [low, high] = [p.number(1), p.number(2)]
  if (low !== 0 || high !== 6) r.unsupported(`clips to ${low}..${high}; 0..6, which is ReLU6, can be read`)
  r.elementwise('relu6')
}

/** The largest value of each window of the map `x`. */
export function importMaxPooling(
  r: LayerReader,
  x: Value,
  kernel: readonly [number, number],
  stride: readonly [number, number],
  padding: readonly [number, number],
): void {
  const [batch, channels, ...size] = r.importer.mapShape(x, r.here)
  r.checkSizes(...kernel, ...stride)
  const made = size.map((length, axis) =>
    Math.floor(
      (length + 2 * (padding[axis] as number) - (kernel[axis] as number)) / (stride[axis] as number) + 1,
    ),
  )
  const fits = padding.every((amount, axis) => 2 * amount <= (kernel[axis] as number))
  if (!fits || made.some((length) => length < 1)) {
    r.unsupported(
      `pools windows of ${kernel.join(' x ')} padded by ${padding.join(', ')} from ${size.join(' x ')}`,
    )
  }
  r.importer.push({
    op: 'maxPool',
    name: r.layer.output,
    inputs: [r.importer.use(x, r.here)],
    kernel,
    stride,
    padding,
  })
  const shape = [batch, channels, ...made]
  r.made(shape, r.mapOf(x, shape))
}

export function importUpsample(r: LayerReader): void {
  const p = r.fields({ int: [1, 5, 6], float: [7] })
  const x = r.only()
  const [batch, channels, height, width] = r.importer.mapShape(x, r.here)
  if (p.number(5) !== 0) r.unsupported('enlarges by lines between pixels; the nearest pixel can be read')
  if (p.numbers(7).length > 0) r.unsupported('enlarges by factors that are not whole')
  const scale = r.pair(p.numbers(1), 1)
  r.checkSizes(...scale, scale[0] * height, scale[1] * width)
  r.importer.push({
    op: 'upsample',
    name: r.layer.output,
    inputs: [r.importer.use(x, r.here)],
    mode: 'nearest',
    scale,
  })
  const shape = [batch, channels, scale[0] * height, scale[1] * width]
  r.made(shape, r.mapOf(x, shape))
}

export function importConcat(r: LayerReader): void {
  const p = r.fields({ int: [1, 2] })
  const values = r.layer.inputs.map((name) => r.importer.value(name, r.here))
  const [first, ...others] = values
  if (!first) r.fail('joins nothing')
  if (p.flag(2)) r.unsupported('interleaves its values')
  const axis = axisOf(r, first, p.number(1))
  for (const other of others) {
    axisOf(r, other, axis)
    const fits = other.shape.length === first.shape.length
    if (!fits || other.shape.some((size, at) => at !== axis && size !== first.shape[at])) {
      r.fail(`joins [${first.shape.join(', ')}] and [${other.shape.join(', ')}] along axis ${axis}`)
    }
  }
  const [head, ...rest] = values.map((value) => r.importer.use(value, r.here))
  r.importer.push({ op: 'concat', name: r.layer.output, inputs: [head as string, ...rest], axis })
  const total = values.reduce((sum, { shape }) => sum + (shape[axis] as number), 0)
  const shape = first.shape.map((size, at) => (at === axis ? total : size))
  r.made(shape, shape)
}

/** SliceStatic along one axis, without steps. */
export function importSlice(r: LayerReader): void {
  const p = r.fields({ int: [1, 2, 3, 4, 5, 6] })
  const x = r.only()
  const lists = [1, 2, 3, 4, 5, 6].map((field) => p.numbers(field))
  if (lists.some(({ length }) => length > limits.rank)) r.fail('has more numbers than axes')
  const [begins, fromStart, ends, toEnd, strides, squeezes] = lists as [number[], ...number[][]] as number[][]
  if (strides?.some((step) => step !== 1) || squeezes?.some((flag) => flag !== 0)) {
    r.unsupported('takes steps or drops an axis')
  }
  const cuts = x.shape.flatMap((size, axis) => {
    const place = (at: number): number => Math.min(Math.max(at < 0 ? at + size : at, 0), size)
    const start = fromStart?.[axis] ? 0 : place(begins?.[axis] ?? 0)
    const end = toEnd?.[axis] ? size : place(ends?.[axis] ?? size)
    return start === 0 && end === size ? [] : [{ axis, start, end }]
  })
  const [cut, ...more] = cuts
  if (!cut) {
    r.define(x)
    return
  }
  if (more.length > 0) r.unsupported('cuts several axes at once')
  const axis = axisOf(r, x, cut.axis)
  if (cut.end <= cut.start) r.fail(`keeps nothing of axis ${axis}`)
  r.importer.push({ op: 'slice', name: r.layer.output, inputs: [r.importer.use(x, r.here)], ...cut })
  const shape = x.shape.map((size, at) => (at === axis ? cut.end - cut.start : size))
  r.made(shape, shape)
}
