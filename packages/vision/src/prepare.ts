import type { Preprocess, Window } from '@mobileone/core'
import { withPicture } from './decode.ts'
import { type Frame, frameOf, isFramed } from './frame.ts'
import { type Image, inColours } from './image.ts'
import { normalizationTables, writePlanes } from './normalize.ts'
import type { Picture } from './picture.ts'
import type { ImageSource, PreprocessOptions } from './source.ts'

/** Milliseconds of making the input of one picture. */
export interface PrepareTimes {
  /** Until its pixels can be read: fetching it where it is an address, decoding it. */
  readonly decode: number
  /** Framing, resizing and normalising it. */
  readonly prepare: number
}

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
): Promise<PrepareTimes> {
  const start = performance.now()
  let opened = start
  const framed = isFramed(options) ? await import('./framed.ts') : undefined
  // Loaded while the picture is.
  if (options.resample !== 'fast') exact().catch(() => {})
  await withPicture(source, options, label, async (picture, name) => {
    opened = performance.now()
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
    const place = { left: inner.left - window.left, top: inner.top - window.top, columns: window.width }
    if (options.resample === 'fast' && picture.shrink) {
      const image = await shrink(picture, frame, inner)
      return writePlanes(inColours(image, tables.length === 1), tables, out, place)
    }
    const { resizeExactly } = await exact()
    await resizeExactly(picture, frame, inner, rule, out, place)
  })
  return { decode: opened - start, prepare: performance.now() - opened }
}

function exact(): Promise<typeof import('./exact.ts')> {
  return import('./exact.ts')
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
