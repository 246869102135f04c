/** Which part of a picture a network sees, and how it comes to the size of its input: geometry alone, no pixels. */
import { MobileOneError } from '../errors.ts'
import { centreCrop, roundHalfEven, shorterSideTo, type Window } from './crop.ts'
import type { Preprocess } from './model.ts'

/**
 * How a picture is framed, in this order: turned upright by its EXIF orientation, `region` cut out, `rotate`, `flip`, `fit`.
 * Plain data, which a worker can be sent.
 */
export interface Framing {
  /**
   * Only this part of the upright picture, in its pixels from the upper left corner; edges are rounded to whole pixels as
   * Pillow's `crop` rounds them (halves to even). The whole picture by default.
   */
  readonly region?: {
    readonly x: number
    readonly y: number
    readonly width: number
    readonly height: number
  }
  /** Degrees clockwise. 0 by default. */
  readonly rotate?: 0 | 90 | 180 | 270
  /** Mirror it, so that left becomes right, after turning it. False by default. */
  readonly flip?: boolean
  /**
   * How it comes to the size of the input. `crop` (the default): the rule's own, torchvision's `Resize(rule.resize)` and
   * `CenterCrop(rule.size)`. `stretch`: all of it resized to `rule.size`, whatever its proportions. `letterbox`: all of it
   * in its proportions, centred, and the rest in the colour of the rule's mean, about 0 after normalisation; the geometry of
   * Pillow's `ImageOps.pad`.
   */
  readonly fit?: 'crop' | 'stretch' | 'letterbox'
}

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

/** @throws MobileOneError `invalid-argument` naming the option that is none of its values. */
export function checkFraming({ region, rotate = 0, flip = false, fit = 'crop' }: Framing): void {
  const refuse = (option: string, wanted: string, value: unknown): never => {
    throw new MobileOneError('invalid-argument', `${option} must be ${wanted}, not ${JSON.stringify(value)}`)
  }
  if (![0, 90, 180, 270].includes(rotate)) refuse('rotate', '0, 90, 180 or 270', rotate)
  if (typeof flip !== 'boolean') refuse('flip', 'true or false', flip)
  if (!['crop', 'stretch', 'letterbox'].includes(fit)) refuse('fit', "'crop', 'stretch' or 'letterbox'", fit)
  if (region === undefined) return
  const { x, y, width, height } = region
  if (![x, y, width, height].every(Number.isFinite) || width <= 0 || height <= 0) {
    refuse('region', '{ x, y, width, height } in pixels, of a width and a height above 0', region)
  }
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
