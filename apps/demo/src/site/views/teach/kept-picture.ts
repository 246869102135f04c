import { decode, type Image } from '@mobileone/vision'

/** Pixels of the shorter side of a picture that is kept: what the networks of this page look at, and some more. */
const shortSide = 256
/** The longer side is cut to so many times the shorter. */
const longest = 2
/** Pictures of so few pixels are kept without loss: JPEG would spoil them. */
const tiny = 128 ** 2
const quality = 0.9

/**
 * A picture as it is kept: small, PNG or JPEG. A worker's work.
 * @throws MobileOneError `invalid-file` for what is no picture, `invalid-input` for one that is too large.
 */
export async function keptPicture(source: Blob | ImageBitmap): Promise<Blob> {
  const drawable = source instanceof Blob ? await canvasOf(await decode(source)) : source
  try {
    return await shrunk(drawable)
  } finally {
    if (drawable instanceof ImageBitmap) drawable.close()
  }
}

/**
 * The bytes of a picture that was kept, from a file of anyone.
 * @throws MobileOneError as {@link keptPicture}.
 */
export async function checkedPicture(bytes: Uint8Array<ArrayBuffer>): Promise<Blob> {
  await decode(bytes, { maxPixels: 2 * longest * shortSide ** 2, maxBytes: 1e6 })
  const isPng = bytes[0] === 0x89
  const picture = new Blob([bytes], { type: isPng ? 'image/png' : 'image/jpeg' })
  return isPng || bytes[0] === 0xff ? picture : keptPicture(picture)
}

async function shrunk(source: OffscreenCanvas | ImageBitmap): Promise<Blob> {
  const scale = Math.min(1, shortSide / Math.min(source.width, source.height))
  const cut = (side: number, other: number): number => Math.min(side, Math.ceil(longest * other))
  const width = cut(source.width, source.height)
  const height = cut(source.height, source.width)
  const canvas = new OffscreenCanvas(
    Math.max(1, Math.round(width * scale)),
    Math.max(1, Math.round(height * scale)),
  )
  const context = canvas.getContext('2d')!
  context.imageSmoothingQuality = 'high'
  const [left, top] = [(source.width - width) / 2, (source.height - height) / 2]
  context.drawImage(source, left, top, width, height, 0, 0, canvas.width, canvas.height)
  return canvas.convertToBlob(
    canvas.width * canvas.height <= tiny ? { type: 'image/png' } : { type: 'image/jpeg', quality },
  )
}

async function canvasOf({ width, height, channels, data }: Image): Promise<OffscreenCanvas> {
  const pixels = new ImageData(width, height)
  for (let from = 0, to = 0; to < pixels.data.length; from += channels, to += 4) {
    for (let channel = 0; channel < 3; channel++) {
      pixels.data[to + channel] = data[from + (channels < 3 ? 0 : channel)]!
    }
    pixels.data[to + 3] = 255
  }
  const canvas = new OffscreenCanvas(width, height)
  canvas.getContext('2d')!.putImageData(pixels, 0, 0)
  return canvas
}
