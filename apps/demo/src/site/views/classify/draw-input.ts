import { placementOf } from '@mobileone/core/framing'
import type { Framing, Preprocess } from '@mobileone/sdk'
import type { Size } from './region.ts'

/**
 * Draw what the network is given of a picture before it is normalised, as the browser resizes it, for people. `image` may be smaller
 * than the picture, whose size is `size`.
 */
export function drawInput(
  canvas: HTMLCanvasElement,
  image: ImageBitmap | HTMLVideoElement,
  size: Size,
  { rule, ...framing }: Framing & { readonly rule: Preprocess },
): void {
  const context = canvas.getContext('2d')
  if (!context) return
  const { region, resized, window, padding } = placementOf(size.width, size.height, rule, framing)
  const scale = (image instanceof ImageBitmap ? image.width : image.videoWidth) / size.width
  const [red = 0, green = red, blue = red] = padding
  context.filter = rule.mean.length === 1 ? 'grayscale(1)' : 'none'
  context.imageSmoothingQuality = 'medium'
  context.fillStyle = `rgb(${red} ${green} ${blue})`
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(
    image,
    region.left * scale,
    region.top * scale,
    region.width * scale,
    region.height * scale,
    -window.left,
    -window.top,
    resized.width,
    resized.height,
  )
}
