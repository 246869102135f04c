import { MobileOneError } from '../errors.ts'

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

/** @throws MobileOneError `invalid-argument` naming the option that is none of its values. */
export function checkFraming({ region, rotate = 0, flip = false, fit = 'crop' }: Framing): void {
  const refuse = (option: string, wanted: string, value: unknown): never => {
    throw new MobileOneError('invalid-argument', `${option} must be ${wanted}, not ${JSON.stringify(value)}`)
  }
  if (![0, 90, 180, 270].includes(rotate)) refuse('rotate', '0, 90, 180 or 270', rotate)
  if (typeof flip !== 'boolean') refuse('flip', 'true or false', flip)
  if (!['crop', 'stretch', 'letterbox'].includes(fit)) refuse('fit', "'crop', 'stretch' or 'letterbox'", fit)
  if (region === undefined) return
  const { x, y, width, height } = Object(region) as NonNullable<typeof region>
  if (![x, y, width, height].every(Number.isFinite) || width <= 0 || height <= 0) {
    refuse('region', '{ x, y, width, height } in pixels, of a width and a height above 0', region)
  }
}
