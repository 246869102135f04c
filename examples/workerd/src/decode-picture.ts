/** Files to pixels without the platform: workers have no decoder. */
import { MobileOneError, type Pixels } from '@mobileone/sdk'
import { decode as decodePng } from 'fast-png'
import { decode as decodeJpeg } from 'jpeg-js'

/** Megapixels of a picture: 4 bytes of memory for each pixel, of the 128 MB a worker has. */
const mostMegapixels = 4

/**
 * The pixels of a JPEG or PNG file, of at most 4 megapixels. A rotation in EXIF data is not carried out.
 * @throws MobileOneError `invalid-input` for another format, a larger picture, or a damaged file.
 */
export function decodePicture(bytes: Uint8Array): Pixels {
  try {
    switch (formatOf(bytes)) {
      case 'jpeg':
        return decodeJpeg(bytes, {
          useTArray: true,
          maxResolutionInMP: mostMegapixels,
          maxMemoryUsageInMB: 64,
        })
      case 'png':
        return pngPixels(bytes)
    }
  } catch (cause) {
    throw new MobileOneError('invalid-input', `the picture cannot be read: ${(cause as Error).message}`, {
      cause,
    })
  }
  throw new MobileOneError('invalid-input', 'the picture is neither JPEG nor PNG; send the file as it is')
}

function formatOf(bytes: Uint8Array): 'jpeg' | 'png' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return 'jpeg'
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return 'png'
  return undefined
}

function pngPixels(bytes: Uint8Array): Pixels {
  // The header comes first and has a fixed length: nothing is unpacked before the size is known.
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [width, height] = [header.getUint32(16), header.getUint32(20)]
  if (width * height > mostMegapixels * 1e6) throw new RangeError(`${width} x ${height} is too large`)
  const { data, channels, depth, palette } = decodePng(bytes)
  if (palette || depth !== 8 || !(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    throw new TypeError('only 8 bits a channel without a palette; save it so')
  }
  return { data, width, height, channels }
}
