/** Which part of a picture a network sees, and how it comes to the size of its input: geometry alone, no pixels. */
import { MobileOneError } from '../errors.ts'
import { centreCrop, roundHalfEven, shorterSideTo, type Window } from './crop.ts'
import { checkFraming, type Framing } from './framing-options.ts'
import type { Preprocess } from './model.ts'

export { checkFraming, type Framing }

/** Where the pixels of one picture go: {@link Framing} and rule worked out for its size. */
export interface Placement {
  /** Whole pixels of the upright picture, inside of it. */
  readonly region: Window
  readonly rotate: 0 | 90 | 180 | 270
  readonly flip: boolean
  /** The size to which the turned region is resized. */
  readonly resized: { readonly width: number; readonly height: number }
  /** What is cut from that: as large as the input. */
  readonly window: Window
  /** Where the window reaches outside of it: one value of 0 to 255 per channel of the rule. */
  readonly padding: readonly number[]
}

/**
 * The placement of a picture of `width` x `height`, upright.
 * @throws MobileOneError `invalid-argument` for options of no known value, `invalid-input` where the region is empty once
 * rounded or not inside of the picture, which `name` names.
 */
export function placementOf(
  width: number,
  height: number,
  rule: Preprocess,
  framing: Framing = {},
  name = 'the picture',
): Placement {
  checkFraming(framing)
  const { rotate = 0, flip = false, fit = 'crop' } = framing
  const region = regionOf(width, height, framing.region, name)
  const [turnedWidth, turnedHeight] =
    rotate % 180 === 0 ? [region.width, region.height] : [region.height, region.width]
  const [rows, columns] = rule.size
  const common = { region, rotate, flip }
  const black = rule.mean.map(() => 0)
  switch (fit) {
    case 'crop': {
      const resized = shorterSideTo(rule.resize, turnedWidth, turnedHeight)
      const window = centreCrop(resized.width, resized.height, columns, rows)
      return { ...common, resized, window, padding: black }
    }
    case 'stretch': {
      const resized = { width: columns, height: rows }
      return { ...common, resized, window: { left: 0, top: 0, ...resized }, padding: black }
    }
    case 'letterbox': {
      const resized = contained(turnedWidth, turnedHeight, columns, rows)
      const window = {
        left: 0 - roundHalfEven((columns - resized.width) / 2),
        top: 0 - roundHalfEven((rows - resized.height) / 2),
        width: columns,
        height: rows,
      }
      const colour = rule.mean.map((mean) => Math.min(255, Math.max(0, Math.round(255 * mean))))
      return { ...common, resized, window, padding: colour }
    }
    default:
      throw fit satisfies never
  }
}

/** The size of Pillow's `ImageOps.contain`, at least 1 a side. */
function contained(
  width: number,
  height: number,
  columns: number,
  rows: number,
): { readonly width: number; readonly height: number } {
  if (width / height > columns / rows) {
    return { width: columns, height: Math.max(1, roundHalfEven((height / width) * columns)) }
  }
  return { width: Math.max(1, roundHalfEven((width / height) * rows)), height: rows }
}

function regionOf(width: number, height: number, region: Framing['region'], name: string): Window {
  if (!region) return { left: 0, top: 0, width, height }
  const left = roundHalfEven(region.x)
  const top = roundHalfEven(region.y)
  const right = roundHalfEven(region.x + region.width)
  const bottom = roundHalfEven(region.y + region.height)
  const given = `the region ${region.width}x${region.height} at (${region.x}, ${region.y})`
  if (left < 0 || top < 0 || right > width || bottom > height) {
    throw new MobileOneError(
      'invalid-input',
      `${name}: ${given} is not inside of the upright picture, which has ${width}x${height} pixels; clip it to them`,
    )
  }
  if (right <= left || bottom <= top) {
    throw new MobileOneError(
      'invalid-input',
      `${name}: ${given} holds no pixel once its edges are rounded; make it at least 1x1`,
    )
  }
  return { left, top, width: right - left, height: bottom - top }
}
