/** Kernels of the interpreter that move, join and resample maps [N, C, H, W]. */
import { elementCount, interpolation, type Upsample } from '@mobileone/core'

type Shape = readonly number[]

export interface Window {
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  /** Of the top and the left. */
  readonly padding: readonly number[]
}

/** The largest value of each window; nothing lies beyond the edges. */
export function maxPool(x: Float32Array, from: Shape, to: Shape, window: Window): Float32Array {
  const [, , height = 0, width = 0] = from
  const [batch = 0, channels = 0, outHeight = 0, outWidth = 0] = to
  const { kernel, strides, padding } = window
  const result = new Float32Array(elementCount(to))
  const range = (index: number, axis: number, size: number): readonly [number, number] => {
    const start = index * (strides[axis] as number) - (padding[axis] as number)
    return [Math.max(0, start), Math.min(size, start + (kernel[axis] as number))]
  }
  let position = 0
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let oy = 0; oy < outHeight; oy++) {
      const [top, bottom] = range(oy, 0, height)
      for (let ox = 0; ox < outWidth; ox++) {
        const [left, right] = range(ox, 1, width)
        let largest = Number.NEGATIVE_INFINITY
        for (let row = top; row < bottom; row++) {
          const start = (plane * height + row) * width
          for (let at = start + left; at < start + right; at++) largest = Math.max(largest, x[at] as number)
        }
        result[position++] = largest
      }
    }
  }
  return result
}

/** Each pixel from its nearest one, or from its neighbours. */
export function resample(
  x: Float32Array,
  from: Shape,
  to: Shape,
  how: Pick<Upsample, 'mode' | 'alignCorners'>,
): Float32Array {
  const [, , height = 0, width = 0] = from
  const [batch = 0, channels = 0, outHeight = 0, outWidth = 0] = to
  const rows = interpolation(how, height, outHeight)
  const columns = interpolation(how, width, outWidth)
  const result = new Float32Array(elementCount(to))
  let position = 0
  for (let plane = 0; plane < batch * channels; plane++) {
    for (const row of rows) {
      for (const column of columns) {
        let sum = 0
        for (const [y, share] of row) {
          const start = (plane * height + y) * width
          for (const [at, part] of column) sum += share * part * (x[start + at] as number)
        }
        result[position++] = sum
      }
    }
  }
  return result
}

/** Values one after another along an axis. */
export function join(values: readonly Float32Array[], shapes: readonly Shape[], axis: number): Float32Array {
  const result = new Float32Array(values.reduce((sum, { length }) => sum + length, 0))
  const blocks = elementCount((shapes[0] as Shape).slice(0, axis))
  let position = 0
  for (let block = 0; block < blocks; block++) {
    for (const value of values) {
      const size = value.length / blocks
      result.set(value.subarray(block * size, (block + 1) * size), position)
      position += size
    }
  }
  return result
}

/** The box of `size` that begins at `begin`. */
export function cut(x: Float32Array, from: Shape, begin: Shape, size: Shape): Float32Array {
  const result = new Float32Array(elementCount(size))
  const steps = from.map((_, axis) => elementCount(from.slice(axis + 1)))
  const row = size.at(-1) ?? 1
  const position = size.map(() => 0)
  for (let index = 0; index < result.length; index += row) {
    const start = position.reduce(
      (sum, at, axis) => sum + (at + (begin[axis] as number)) * (steps[axis] as number),
      0,
    )
    result.set(x.subarray(start, start + row), index)
    for (let axis = size.length - 2; axis >= 0; axis--) {
      const next = (position[axis] as number) + 1
      position[axis] = next < (size[axis] as number) ? next : 0
      if (next < (size[axis] as number)) break
    }
  }
  return result
}
