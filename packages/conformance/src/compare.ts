import { formatShape, sameShape, type Tensor, type Tensors } from '@mobileone/core'

/**
 * What is wrong with `got`, or undefined: names, shapes, element types, and elements that differ by more than `tolerance`
 * times the largest finite magnitude of the expected tensor (at least 1). NaN only equals NaN, an infinity only itself.
 */
export function findDifference(got: Tensors, wanted: Tensors, tolerance: number): string | undefined {
  const [names, expected] = [Object.keys(got).sort(), Object.keys(wanted).sort()]
  if (names.join('\n') !== expected.join('\n')) {
    return `the outputs are ${list(names)}, expected ${list(expected)}`
  }
  for (const name of expected) {
    const problem = tensorDifference(got[name] as Tensor, wanted[name] as Tensor, tolerance)
    if (problem) return `output "${name}": ${problem}`
  }
  return undefined
}

function tensorDifference(got: Tensor, wanted: Tensor, tolerance: number): string | undefined {
  if (got.dtype !== 'float32' || !(got.data instanceof Float32Array)) return 'is not float32'
  if (!sameShape(got.shape, wanted.shape)) {
    return `has shape ${formatShape(got.shape)}, expected ${formatShape(wanted.shape)}`
  }
  if (got.data.length !== wanted.data.length) {
    return `holds ${got.data.length} elements, expected ${wanted.data.length}`
  }
  let scale = 1
  for (const value of wanted.data) if (Number.isFinite(value)) scale = Math.max(scale, Math.abs(value))
  let [worst, place, count] = [0, 0, 0]
  for (let index = 0; index < wanted.data.length; index++) {
    const [x, y] = [got.data[index] as number, wanted.data[index] as number]
    if (Object.is(x, y) || x === y) continue
    const gap = Math.abs(x - y) / scale
    const difference = Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap
    if (difference > tolerance) count++
    if (difference > worst) [worst, place] = [difference, index]
  }
  if (count === 0) return undefined
  const where = position(place, wanted.shape)
  return (
    `${count} of ${wanted.data.length} elements differ by more than ${tolerance} x ${scale}; the worst, at [${where}], ` +
    `is ${got.data[place]}, expected ${wanted.data[place]}`
  )
}

function position(index: number, shape: readonly number[]): string {
  const axes: number[] = []
  let rest = index
  for (const size of shape.toReversed()) {
    axes.unshift(rest % size)
    rest = Math.floor(rest / size)
  }
  return axes.join(', ')
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map((name) => `"${name}"`).join(', ')
}
