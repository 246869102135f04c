import type { Window } from '@mobileone/core'
import type { Image } from './image.ts'

/** A picture, upright, whose pixels are read when it is known which of them are needed. */
export interface Picture {
  readonly width: number
  readonly height: number
  /** The pixels of `window`, inside of the picture; more may come, where they are at hand. */
  read(window: Window): Part | Promise<Part>
  /**
   * `window` of the `region` resized to `width` x `height` by what the platform has, in RGB or RGBA: like Pillow's to a few steps of
   * 255 and many times faster. Absent where the platform has nothing better than this package.
   */
  shrink?(region: Window, width: number, height: number, window: Window): Image | Promise<Image>
  /** Free what was made to read it. */
  close(): void
}

/** The pixels of a picture from (left, top) on. */
export interface Part {
  readonly image: Image
  readonly left: number
  readonly top: number
}

/** A picture that is all decoded. */
export function pictureOf(image: Image): Picture {
  const part = { image, left: 0, top: 0 }
  return { width: image.width, height: image.height, read: () => part, close() {} }
}
