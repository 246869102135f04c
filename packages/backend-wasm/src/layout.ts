/**
 * Where the elements of a value lie: an element has a row and a channel, which are sums over digits of its index, and lies in the plane of
 * its 8 channels, 32 bytes a row (abi.ts). So reshape, transpose and slice give another layout of the same memory.
 */
import { elementCount } from '@mobileone/core'

/** A digit of an index: `size` values, each `row` rows and `channel` channels further. */
export interface Digit {
  readonly size: number
  readonly row: number
  readonly channel: number
}

export interface Layout {
  /** Outermost first; those of all axes, one axis after the other. */
  readonly digits: readonly Digit[]
  /** Of the first element. */
  readonly row: number
  readonly channel: number
  /** Bytes from 8 channels to the next 8. */
  readonly plane: number
}

const ROW = 32

/** Groups of 8 channels, which are those of `axis`; rows are the other axes in their order. */
export function channelsOf(shape: readonly number[], axis: number): Layout {
  const rest = shape.map((size, at) => (at === axis ? 1 : size))
  return {
    digits: merged(
      shape.map((size, at) =>
        at === axis
          ? { size, row: 0, channel: 1 }
          : { size, row: elementCount(rest.slice(at + 1)), channel: 0 },
      ),
    ),
    row: 0,
    channel: 0,
    plane: ROW * elementCount(rest),
  }
}

/** One element after the other. */
export function rowMajor(shape: readonly number[]): Layout {
  return {
    digits: merged([{ size: elementCount(shape), row: 0, channel: 1 }]),
    row: 0,
    channel: 0,
    plane: ROW,
  }
}

export function isSame(a: Layout, b: Layout): boolean {
  return (
    a.row === b.row &&
    a.channel === b.channel &&
    (a.plane === b.plane ||
      a.digits.reduce((last, { size, channel }) => last + channel * (size - 1), 0) < 8) &&
    a.digits.length === b.digits.length &&
    a.digits.every((digit, at) => {
      const { size, row, channel } = b.digits[at]!
      return digit.size === size && digit.row === row && digit.channel === channel
    })
  )
}

/** The digits of each axis of `shape`; undefined where one of `digits` belongs to two axes and cannot be parted. */
export function digitsByAxis(
  digits: readonly Digit[],
  shape: readonly number[],
): readonly (readonly Digit[])[] | undefined {
  const left = [...digits]
  const axes: Digit[][] = []
  for (const size of [...shape].reverse()) {
    const axis: Digit[] = []
    for (let need = size; need > 1; ) {
      const digit = left.pop()!
      if (need % digit.size === 0) {
        axis.unshift(digit)
        need /= digit.size
        continue
      }
      if (digit.size % need !== 0) return undefined
      axis.unshift({ ...digit, size: need })
      left.push({ size: digit.size / need, row: digit.row * need, channel: digit.channel * need })
      need = 1
    }
    axes.unshift(axis)
  }
  return axes
}

/** The axes of `shape` in another order. */
export function transposed(layout: Layout, shape: readonly number[], permutation: readonly number[]): Layout {
  const axes = digitsByAxis(layout.digits, shape)!
  return { ...layout, digits: merged(permutation.flatMap((axis) => axes[axis]!)) }
}

/** `size` indices of `axis` of `shape`, from `start` on; undefined where they are no digits. */
export function sliced(
  layout: Layout,
  shape: readonly number[],
  axis: number,
  start: number,
  size: number,
): Layout | undefined {
  if (size === shape[axis]) return layout
  const axes = digitsByAxis(layout.digits, shape)
  const [outer, ...inner] = merged(axes?.[axis] ?? [])
  if (!axes || !outer) return undefined
  const step = shape[axis]! / outer.size
  if (start % step !== 0 || size % step !== 0) return undefined
  const digits = [{ ...outer, size: size / step }, ...inner]
  return {
    digits: merged(axes.flatMap((old, at) => (at === axis ? digits : old))),
    row: layout.row + (start / step) * outer.row,
    channel: layout.channel + (start / step) * outer.channel,
    plane: layout.plane,
  }
}

/** Without digits of one value, and with one in place of two where the outer goes on after the inner. */
export function merged(digits: readonly Digit[]): readonly Digit[] {
  const result: Digit[] = []
  for (const digit of digits) {
    if (digit.size === 1) continue
    const outer = result.at(-1)
    const goesOn =
      outer && outer.row === digit.row * digit.size && outer.channel === digit.channel * digit.size
    if (goesOn) result[result.length - 1] = { ...digit, size: outer.size * digit.size }
    else result.push(digit)
  }
  return result
}
