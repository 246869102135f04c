import { centreCrop, type Framing, type Preprocess, shorterSideTo, type Window } from '@mobileone/core'
import type { Placement } from '@mobileone/core/framing'
import type { Image } from './image.ts'

/** A placement whose turn can be applied. */
export interface Frame extends Pick<Placement, 'region' | 'resized' | 'window' | 'padding'> {
  /** How the region is turned; undefined where it is not. */
  readonly turn: Turn | undefined
}

export interface Turn {
  /** Whether width and height change places. */
  readonly isSideways: boolean
  /** Where `window` of a turned image comes from in the image of `width` x `height` before. */
  before(window: Window, width: number, height: number): Window
  /** The image, turned. */
  apply(image: Image): Image
}

/** The rule alone: the shorter side resized, the centre cut out. */
export function frameOf(width: number, height: number, { resize, size, mean }: Preprocess): Frame {
  const resized = shorterSideTo(resize, width, height)
  return {
    region: { left: 0, top: 0, width, height },
    resized,
    window: centreCrop(resized.width, resized.height, size[1], size[0]),
    padding: mean.map(() => 0),
    turn: undefined,
  }
}

/** True where options ask for more than the rule: `framed.ts` is loaded for them. */
export function isFramed({ region, rotate, flip, fit }: Framing): boolean {
  return [region, rotate, flip, fit].some((option) => option !== undefined)
}
