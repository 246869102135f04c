import type { LayerReader } from './layer-reader.ts'

export function importConvolution(r: LayerReader): void {
  const { importer, here } = r
  const p = r.fields({ int: [1, 2, 10, 20, 30, 40, 60, 70], message: [50, 51, 90, 91] })
  const x = r.only()
  if (p.flag(60)) r.unsupported('is a transposed convolution')
  const [batch, channels, ...size] = importer.mapShape(x, here)
  const [filters, depth, groups] = [p.number(1), p.number(2), p.number(10) || 1]
  const [kernel, stride, dilation] = [
    r.pair(p.numbers(20), 3),
    r.pair(p.numbers(30), 1),
    r.pair(p.numbers(40), 1),
  ]
  r.checkSizes(filters, depth, groups, ...kernel, ...stride, ...dilation)
  if (depth * groups !== channels)
    r.fail(`has kernels of ${depth} channels in ${groups} groups for ${channels} channels`)
  const reach = kernel.map((length, axis) => (length - 1) * (dilation[axis] as number) + 1)
  const same = p.message(51)
  if (!same && !p.message(50)) r.fail('names no padding')
  if (same && x.padding) r.unsupported('pads a padded value')
  const own = same ? samePadding(r, size, reach, stride) : r.validPadding(p.message(50))
  const padding = [own[0] + (x.padding?.[0] ?? 0), own[1] + (x.padding?.[1] ?? 0)] as const
  const [height = 0, width = 0] = size.map((length, axis) => {
    const room = length + 2 * (padding[axis] as number) - (reach[axis] as number)
    return Math.floor(room / (stride[axis] as number)) + 1
  })
  r.checkSizes(height, width)
  importer.push({
    op: 'conv2d',
    name: r.layer.output,
    inputs: [importer.usePadded(x)],
    weight: r.weights(p.message(90), [filters, depth, ...kernel], 'weight'),
    ...(p.flag(70) && { bias: r.weights(p.message(91), [filters], 'bias') }),
    stride,
    padding,
    dilation,
    groups,
  })
  const shape = [batch, filters, height, width]
  r.made(shape, r.mapOf(x, shape))
}

/** The padding of "same", where it is equal on both sides. */
function samePadding(
  r: LayerReader,
  size: readonly number[],
  reach: readonly number[],
  stride: readonly number[],
): readonly [height: number, width: number] {
  const [height = 0, width = 0] = size.map((length, axis) => {
    const step = stride[axis] as number
    const total = Math.max(0, (Math.ceil(length / step) - 1) * step + (reach[axis] as number) - length)
    if (total % 2 === 0) return total / 2
    return r.unsupported(`pads by ${total} in all; both sides of an axis must get the same`)
  })
  return [height, width]
}

export function importInnerProduct(r: LayerReader): void {
  const p = r.fields({ int: [1, 2, 10, 22], message: [20, 21] })
  const x = r.only()
  if (p.flag(22)) r.unsupported('quantises its input as it runs')
  const [columns, classes] = [p.number(1), p.number(2)]
  r.checkSizes(columns, classes)
  const [rows, found] = r.matrixOf(x)
  if (found !== columns) r.fail(`takes ${columns} channels and reads ${found}`)
  r.importer.push({
    op: 'linear',
    name: r.layer.output,
    inputs: [r.importer.asMatrix(x, rows, columns, r.here)],
    weight: r.weights(p.message(20), [classes, columns], 'weight'),
    ...(p.flag(10) && { bias: r.weights(p.message(21), [classes], 'bias') }),
  })
  const core = x.core.length < 4 ? [...x.core.slice(0, -1), classes] : r.mapOf(x, [rows, classes, 1, 1])
  r.made([rows, classes], core)
}

export function importBatchnorm(r: LayerReader): void {
  const p = r.fields({ int: [1, 5, 6], float: [10], message: [15, 16, 17, 18] })
  const x = r.only()
  if (p.flag(5) || p.flag(6)) r.unsupported('computes its statistics as it runs')
  const [, channels] = r.importer.mapShape(x, r.here)
  if (p.number(1) !== channels) r.fail(`has ${p.number(1)} channels and reads ${channels}`)
  const epsilon = p.number(10)
  if (!(epsilon >= 0 && epsilon < Number.POSITIVE_INFINITY)) r.fail(`has an epsilon of ${epsilon}`)
  r.importer.push({
    op: 'batchNorm',
    name: r.layer.output,
    inputs: [r.importer.use(x, r.here)],
    weight: r.weights(p.message(15), [channels], 'weight'),
    bias: r.weights(p.message(16), [channels], 'bias'),
    runningMean: r.weights(p.message(17), [channels], 'running_mean'),
    runningVar: r.weights(p.message(18), [channels], 'running_var'),
    epsilon: epsilon === 0 ? 1e-5 : shortest(epsilon),
  })
  r.made(x.shape, x.core)
}

/** The shortest decimal number that is this float32: 1e-5 for 0.000009999999747378752. */
function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits))
    if (Math.fround(rounded) === value) return rounded
  }
  return value
}
