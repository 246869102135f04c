import { y4m } from './y4m.ts'

/** How a picture becomes a film. */
export interface FilmOptions {
  /** Pixels, even. Default 320 x 240. */
  readonly width?: number
  readonly height?: number
  /** Of one frame after another, 1 for the picture's own. Default now darker and now lighter: a camera that is never still. */
  readonly brightness?: readonly number[]
  /** All of the picture on black, or cut to fill the frame. Default `contain`. */
  readonly fit?: 'contain' | 'cover'
  /** Default 30. */
  readonly framesPerSecond?: number
}

/** The picture in `file` as what Chromium's `--use-file-for-fake-video-capture` shows. */
export async function pictureFilm(file: string, options: FilmOptions = {}): Promise<Uint8Array> {
  const { width = 320, height = 240, brightness = [0.9, 0.95, 1, 0.95], fit = 'contain' } = options
  const { default: sharp } = await import('sharp')
  const frames = await Promise.all(
    brightness.map(async (factor) => {
      const data = await sharp(file)
        .resize(width, height, { fit, background: 'black' })
        .linear(factor)
        .removeAlpha()
        .toColourspace('srgb')
        .raw()
        .toBuffer()
      return { width, height, data }
    }),
  )
  return y4m(frames, options.framesPerSecond ?? 30)
}
