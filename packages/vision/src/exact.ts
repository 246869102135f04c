/** Resampling as Pillow's, bit for bit: in WebAssembly where the engine has SIMD, in JavaScript elsewhere. */
import type { Preprocess, Window } from '@mobileone/core'
import { type Coefficients, coefficients, countedFrom, spanOf } from './coefficients.ts'
import type { Frame } from './frame.ts'
import { cut, type Image, inColours } from './image.ts'
import { normalizationTables, type Place, writePlanes } from './normalize.ts'
import type { Part, Picture } from './picture.ts'
import { bothPasses } from './resize.ts'
import { ResizeKernel } from './resize-kernel.ts'

let kernel: Promise<ResizeKernel | undefined> | undefined

/** Read what the `inner` window of the frame is made of, and write it, resized and normalised, into the planes of `out`. */
export async function resizeExactly(
  picture: Picture,
  frame: Frame,
  inner: Window,
  rule: Preprocess,
  out: Float32Array,
  place: Place,
): Promise<void> {
  kernel ??= ResizeKernel.load()
  const fast = await kernel
  const { region, resized, turn } = frame
  const [width, height] = turn?.isSideways ? [region.height, region.width] : [region.width, region.height]
  const { interpolation } = rule
  const horizontal = coefficients(width, resized.width, inner.left, inner.width, interpolation)
  const vertical = coefficients(height, resized.height, inner.top, inner.height, interpolation)
  const [columns, rows] = [spanOf(horizontal), spanOf(vertical)]
  const turned = { left: columns.first, top: rows.first, width: columns.count, height: rows.count }
  const needed = turn?.before(turned, region.width, region.height) ?? turned
  const window = { ...needed, left: region.left + needed.left, top: region.top + needed.top }
  const read = await picture.read(window)
  const isGrey = rule.mean.length === 1
  const isAsWanted = !turn && (read.image.channels === 1) === isGrey
  const part = isAsWanted
    ? { ...read, left: read.left - region.left, top: read.top - region.top }
    : { ...turned, image: convert(read, window, isGrey, turn) }
  if (fast?.run(part, horizontal, vertical, rule, out, place)) return
  const image = resample(part, horizontal, vertical)
  writePlanes(image, normalizationTables(rule), out, place)
}

/** The pixels of `window` alone, of as many channels as are wanted, turned. */
function convert({ image, left, top }: Part, window: Window, isGrey: boolean, turn: Frame['turn']): Image {
  const inside = cut(image, { ...window, left: window.left - left, top: window.top - top })
  const converted = inColours(inside, isGrey)
  return turn?.apply(converted) ?? converted
}

function resample({ image, left, top }: Part, horizontal: Coefficients, vertical: Coefficients): Image {
  return {
    width: horizontal.starts.length,
    height: vertical.starts.length,
    channels: image.channels === 1 ? 1 : 3,
    data: bothPasses(image, countedFrom(left, horizontal), countedFrom(top, vertical)),
  }
}
