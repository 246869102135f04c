/** The step that brings a value from one layout to another. */
import * as abi from './abi.ts'
import type { Digit, Layout } from './layout.ts'
import { constant, type Place, type StepOptions } from './program.ts'

/** A value in a layout of its own. */
export interface View {
  readonly buffer: Place
  readonly layout: Layout
}

/** A digit of both layouts. */
interface Pair {
  readonly size: number
  readonly from: Digit
  readonly to: Digit
}

/** Below this many units a long run of rows is parted, so that threads can share it. */
const ENOUGH_UNITS = 16

/** Copy `from` to `to`: layouts of one shape, any digit of which divides what it meets in the other. */
export function copyStep(node: string, from: View, to: View): StepOptions {
  const [source, result] = [startOf(from.layout), startOf(to.layout)]
  const pairs = paired(from.layout.digits, to.layout.digits)
  const steps = (pair: Pair): readonly [number | undefined, number | undefined] => [
    byteStep(pair.from, from.layout.plane),
    byteStep(pair.to, to.layout.plane),
  ]
  const take = (isGood: (pair: Pair) => boolean): Pair | undefined => {
    const best = pairs
      .filter(isGood)
      .reduce<Pair | undefined>((a, b) => (a && a.size >= b.size ? a : b), undefined)
    if (best) pairs.splice(pairs.indexOf(best), 1)
    return best
  }
  const isRun = ({ row, channel }: Digit): boolean => row === 0 && channel === 1
  const channels = take((pair) => isRun(pair.from) && isRun(pair.to))
  const rows = take((pair) => steps(pair).every((step) => step !== undefined))
  const [srcStep = 0, dstStep = 0] = rows ? steps(rows) : []
  let length = rows?.size ?? 1

  const index = pairs.map((pair) => {
    const [src, dst] = steps(pair)
    return [
      pair.size,
      src ?? pair.from.row * 32,
      src === undefined ? pair.from.channel : 0,
      dst ?? pair.to.row * 32,
      dst === undefined ? pair.to.channel : 0,
    ]
  })
  let units = pairs.reduce((product, { size }) => product * size, 1)
  if (units < ENOUGH_UNITS) {
    const wanted = Math.min(length, Math.ceil(ENOUGH_UNITS / units))
    const parts = [...Array(wanted).keys()].find((more) => length % (wanted + more) === 0)
    if (parts !== undefined) {
      length /= wanted + parts
      units *= wanted + parts
      index.push([wanted + parts, length * srcStep, 0, length * dstStep, 0])
    }
  }
  const table = Int32Array.from([...index.reverse().flat(), 0])
  return {
    node,
    kernel: 'copy',
    op: abi.COPY,
    units,
    src: from.buffer,
    dst: to.buffer,
    weights: constant(table.length, (heap) =>
      new Int32Array(heap.buffer, heap.byteOffset, table.length).set(table),
    ),
    words: {
      [abi.K]: channels?.size ?? 1,
      [abi.PIXELS]: length,
      [abi.SRC_PLANE]: from.layout.plane,
      [abi.DST_PLANE]: to.layout.plane,
      [abi.SRC_STEP]: srcStep,
      [abi.DST_STEP]: dstStep,
      [abi.SRC_OFFSET]: source.bytes,
      [abi.DST_OFFSET]: result.bytes,
      [abi.SRC_START]: source.channel,
      [abi.DST_START]: result.channel,
    },
  }
}

/** Bytes from one value of the digit to the next, wherever it begins; undefined where they are not the same all along. */
export function byteStep({ row, channel }: Digit, plane: number): number | undefined {
  if (plane === 32) return row * 32 + channel * 4
  return channel % 8 === 0 ? row * 32 + (channel / 8) * plane : undefined
}

/** The first element: bytes, and the channels that are not among them. */
export function startOf({ row, channel, plane }: Layout): {
  readonly bytes: number
  readonly channel: number
} {
  const bytes = byteStep({ size: 1, row, channel }, plane)
  return bytes === undefined ? { bytes: row * 32, channel } : { bytes, channel: 0 }
}

/** The digits of both, parted where one of the other ends, outermost first. */
function paired(from: readonly Digit[], to: readonly Digit[]): Pair[] {
  const [left, right] = [[...from], [...to]]
  const pairs: Pair[] = []
  while (left.length > 0) {
    const [a, b] = [left.pop()!, right.pop()!]
    const size = Math.min(a.size, b.size)
    for (const [rest, digit] of [
      [left, a],
      [right, b],
    ] as const) {
      if (digit.size > size)
        rest.push({ size: digit.size / size, row: digit.row * size, channel: digit.channel * size })
    }
    pairs.unshift({ size, from: { ...a, size }, to: { ...b, size } })
  }
  return pairs
}
