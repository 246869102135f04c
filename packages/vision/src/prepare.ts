import type { Preprocess, Window } from '@mobileone/core'
import { coefficients, countedFrom, spanOf } from './coefficients.ts'
import { withPicture } from './decode.ts'
import { type Frame, frameOf, isFramed } from './frame.ts'
import { cut, type Image, toGrey, toRgb } from './image.ts'
import { normalizationTables, writePlanes } from './normalize.ts'
import type { Part, Picture } from './picture.ts'
import { bothPasses } from './resize.ts'
import type { ImageSource, PreprocessOptions } from './source.ts'

/**
 * Decode, frame and resize one picture and write what {@link normalizationTables} make of it into `out`: C planes of
 * `rule.size`. `label` comes before its own name in messages.
 */
export async function prepareInto(
  out: Float32Array,
  source: ImageSource,
  rule: Preprocess,
  options: PreprocessOptions,
  label?: string,
): Promise<void> {
  const framed = isFramed(options) ? await import('./framed.ts') : undefined
  await withPicture(source, options, label, async (picture, name) => {
    const { width, height } = picture
    const frame = framed?.frameBy(width, height, rule, options, name) ?? frameOf(width, height, rule)
    const { window, padding } = frame
    const inner = innerWindow(frame)
    const tables = normalizationTables(rule)
    if (inner.width < window.width || inner.height < window.height) {
      const plane = out.length / tables.length
      tables.forEach((table, c) => {
        out.fill(table[padding[c]!]!, c * plane, (c + 1) * plane)
      })
    }
    if (inner.width === 0 || inner.height === 0) return
    const isGrey = tables.length === 1
    const image =
      options.resample === 'fast' && picture.shrink
        ? inColours(isGrey, await shrink(picture, frame, inner))
        : await resizeExactly(picture, frame, inner, rule.interpolation, isGrey)
    const place = { left: inner.left - window.left, top: inner.top - window.top, columns: window.width }
    writePlanes(image, tables, out, place)
  })
}

/** The part of the frame's window that shows the picture, in pixels of the resized one. */
function innerWindow({ resized, window }: Frame): Window {
  const left = Math.min(Math.max(window.left, 0), resized.width)
  const top = Math.min(Math.max(window.top, 0), resized.height)
  const right = Math.min(Math.max(window.left + window.width, left), resized.width)
  const bottom = Math.min(Math.max(window.top + window.height, top), resized.height)
  return { left, top, width: right - left, height: bottom - top }
}

/** What the platform makes of it: it is turned when it is small. */
async function shrink(picture: Picture, frame: Frame, inner: Window): Promise<Image> {
  const { region, resized, turn } = frame
  if (!turn) return picture.shrink!(region, resized.width, resized.height, inner)
  const [width, height] = turn.isSideways ? [resized.height, resized.width] : [resized.width, resized.height]
  return turn.apply(await picture.shrink!(region, width, height, turn.before(inner, width, height)))
}

async function resizeExactly(
  picture: Picture,
  frame: Frame,
  inner: Window,
  interpolation: Preprocess['interpolation'],
  isGrey: boolean,
): Promise<Image> {
  const { region, resized, turn } = frame
  const [width, height] = turn?.isSideways ? [region.height, region.width] : [region.width, region.height]
  const horizontal = coefficients(width, resized.width, inner.left, inner.width, interpolation)
  const vertical = coefficients(height, resized.height, inner.top, inner.height, interpolation)
  const columns = spanOf(horizontal)
  const rows = spanOf(vertical)
  const turned = { left: columns.first, top: rows.first, width: columns.count, height: rows.count }
  const needed = turn?.before(turned, region.width, region.height) ?? turned
  const window = { ...needed, left: region.left + needed.left, top: region.top + needed.top }
  const part = await picture.read(window)
  const image = turn?.apply(pixelsOf(part, window, isGrey)) ?? pixelsOf(part, window, isGrey)
  const data = bothPasses(image, countedFrom(columns.first, horizontal), countedFrom(rows.first, vertical))
  return { width: inner.width, height: inner.height, channels: image.channels === 1 ? 1 : 3, data }
}

/** The pixels of `window`, of as many channels as are wanted; alpha may stay. */
function pixelsOf({ image, left, top }: Part, window: Window, isGrey: boolean): Image {
  return inColours(isGrey, cut(image, { ...window, left: window.left - left, top: window.top - top }))
}

function inColours(isGrey: boolean, image: Image): Image {
  if (isGrey) return toGrey(image)
  return image.channels === 1 ? toRgb(image) : image
}
