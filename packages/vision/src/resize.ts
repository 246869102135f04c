import { MobileOneError, type Window } from '@mobileone/core'
import { type Coefficients, coefficients, type Interpolation, precisionBits, spanOf } from './coefficients.ts'
import type { Image } from './image.ts'

export type { Interpolation } from './coefficients.ts'

const half = 1 << (precisionBits - 1)

/**
 * Antialiased resize to `width` x `height`, bit for bit `Image.resize` of Pillow up to 12: separable, the filter widened by the
 * scale when shrinking, fixed-point weights, rounded to 8 bits after each pass, horizontal first. RGBA gives RGB.
 */
export function resize(image: Image, width: number, height: number, interpolation: Interpolation): Image {
  return resizeCrop(image, width, height, { left: 0, top: 0, width, height }, interpolation)
}

/**
 * The pixels of `window` in the image resized to `width` x `height`: what cropping after {@link resize} gives, computing
 * only those. Pixels of the window outside of the resized image have the colour `padding`, black by default.
 * @throws MobileOneError `invalid-argument` for sizes that are not positive integers.
 */
export function resizeCrop(
  image: Image,
  width: number,
  height: number,
  window: Window,
  interpolation: Interpolation,
  padding: readonly number[] = [0, 0, 0],
): Image {
  checkSizes({ width, height })
  checkSizes({ 'window.width': window.width, 'window.height': window.height })
  if (interpolation !== 'bilinear' && interpolation !== 'bicubic') {
    throw new MobileOneError(
      'invalid-argument',
      `interpolation must be 'bilinear' or 'bicubic', not ${JSON.stringify(interpolation)}`,
    )
  }
  const left = clamp(window.left, 0, width)
  const top = clamp(window.top, 0, height)
  const columns = clamp(window.left + window.width, left, width) - left
  const rows = clamp(window.top + window.height, top, height) - top
  const channels = image.channels === 1 ? 1 : 3
  const data =
    columns === 0 || rows === 0
      ? new Uint8ClampedArray(0)
      : resample(image, width, height, { left, top, width: columns, height: rows }, interpolation)

  if (columns === window.width && rows === window.height)
    return { width: columns, height: rows, channels, data }
  const padded = new Uint8ClampedArray(window.width * window.height * channels)
  if (padding.some((value) => value !== 0))
    padded.forEach((_, i) => {
      padded[i] = padding[i % channels]!
    })
  for (let row = 0; columns > 0 && row < rows; row++) {
    const to = (row + top - window.top) * window.width + left - window.left
    padded.set(data.subarray(row * columns * channels, (row + 1) * columns * channels), to * channels)
  }
  return { width: window.width, height: window.height, channels, data: padded }
}

/** Both passes for a window inside the resized image. */
function resample(
  image: Image,
  width: number,
  height: number,
  window: Window,
  interpolation: Interpolation,
): Uint8ClampedArray {
  const horizontal = coefficients(image.width, width, window.left, window.width, interpolation)
  const horizontalPass = image.channels === 1 ? horizontalGrey : horizontalRgb
  if (height === image.height) return horizontalPass(image, horizontal, window.top, window.height)

  const vertical = coefficients(image.height, height, window.top, window.height, interpolation)
  return bothPasses(image, horizontal, vertical)
}

/** Rows first, then columns, each rounded to 8 bits: RGB, or grey of grey. */
export function bothPasses(
  image: Image,
  horizontal: Coefficients,
  vertical: Coefficients,
): Uint8ClampedArray {
  const { first, count } = spanOf(vertical)
  const horizontalPass = image.channels === 1 ? horizontalGrey : horizontalRgb
  const rows = horizontalPass(image, horizontal, first, count)
  return verticalPass(rows, horizontal.starts.length * (image.channels === 1 ? 1 : 3), vertical, first)
}

function horizontalRgb(
  image: Image,
  axis: Coefficients,
  firstRow: number,
  rowCount: number,
): Uint8ClampedArray {
  const { data, channels } = image
  const { starts, counts, weights, stride } = axis
  const columns = starts.length
  const out = new Uint8ClampedArray(rowCount * columns * 3)
  let to = 0
  for (let row = 0; row < rowCount; row++) {
    const base = (firstRow + row) * image.width * channels
    for (let column = 0; column < columns; column++) {
      let red = half
      let green = half
      let blue = half
      let from = base + starts[column]! * channels
      const begin = column * stride
      const end = begin + counts[column]!
      for (let tap = begin; tap < end; tap++) {
        const weight = weights[tap]!
        red = (red + Math.imul(data[from]!, weight)) | 0
        green = (green + Math.imul(data[from + 1]!, weight)) | 0
        blue = (blue + Math.imul(data[from + 2]!, weight)) | 0
        from += channels
      }
      out[to] = red >> precisionBits
      out[to + 1] = green >> precisionBits
      out[to + 2] = blue >> precisionBits
      to += 3
    }
  }
  return out
}

function horizontalGrey(
  image: Image,
  axis: Coefficients,
  firstRow: number,
  rowCount: number,
): Uint8ClampedArray {
  const { data } = image
  const { starts, counts, weights, stride } = axis
  const columns = starts.length
  const out = new Uint8ClampedArray(rowCount * columns)
  let to = 0
  for (let row = 0; row < rowCount; row++) {
    const base = (firstRow + row) * image.width
    for (let column = 0; column < columns; column++) {
      let sum = half
      let from = base + starts[column]!
      const begin = column * stride
      const end = begin + counts[column]!
      for (let tap = begin; tap < end; tap++) sum = (sum + Math.imul(data[from++]!, weights[tap]!)) | 0
      out[to++] = sum >> precisionBits
    }
  }
  return out
}

/**
 * `rows` begins at input row `firstRow`; `length` samples per row, whatever their channels. Four taps at a time, so that
 * the usual shrinking by less than 1.5 reads and writes no partial sums; taps past the last have weight 0.
 */
function verticalPass(
  rows: Uint8ClampedArray,
  length: number,
  axis: Coefficients,
  firstRow: number,
): Uint8ClampedArray {
  const { starts, counts, weights, stride } = axis
  const out = new Uint8ClampedArray(starts.length * length)
  const sums = new Int32Array(length)
  for (let row = 0; row < starts.length; row++) {
    const count = counts[row]!
    const begin = row * stride
    const base = (starts[row]! - firstRow) * length
    const to = row * length
    sums.fill(half)
    for (let tap = 0; tap < count; tap += 4) {
      const left = count - tap
      const w0 = weights[begin + tap]!
      const w1 = left > 1 ? weights[begin + tap + 1]! : 0
      const w2 = left > 2 ? weights[begin + tap + 2]! : 0
      const w3 = left > 3 ? weights[begin + tap + 3]! : 0
      const row0 = base + tap * length
      const row1 = left > 1 ? row0 + length : row0
      const row2 = left > 2 ? row1 + length : row0
      const row3 = left > 3 ? row2 + length : row0
      for (let i = 0; i < length; i++) {
        const part = Math.imul(rows[row0 + i]!, w0) + Math.imul(rows[row1 + i]!, w1)
        const rest = Math.imul(rows[row2 + i]!, w2) + Math.imul(rows[row3 + i]!, w3)
        const sum = (sums[i]! + part + rest) | 0
        if (left > 4) sums[i] = sum
        else out[to + i] = sum >> precisionBits
      }
    }
  }
  return out
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high)
}

function checkSizes(sizes: Record<string, number>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new MobileOneError('invalid-argument', `resize: ${name} must be a positive integer, not ${size}`)
    }
  }
}
