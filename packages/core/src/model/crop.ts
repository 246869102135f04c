/** A rectangle of pixels. It may reach outside the image it is cut from. */
export interface Window {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/**
 * The size of an image after its shorter side was resized to `size`, as torchvision's `Resize(size)`: the longer side
 * is truncated, not rounded.
 */
export function shorterSideTo(
  size: number,
  width: number,
  height: number,
): { readonly width: number; readonly height: number } {
  const long = Math.max(1, Math.trunc((size * Math.max(width, height)) / Math.min(width, height)))
  return width <= height ? { width: size, height: long } : { width: long, height: size }
}

/**
 * The window torchvision's `CenterCrop([cropHeight, cropWidth])` takes from an image of `width` x `height`. Where the image
 * is smaller than the crop, the window begins outside of it and what it lacks is zero.
 */
export function centreCrop(width: number, height: number, cropWidth: number, cropHeight: number): Window {
  return {
    left: offset(width, cropWidth),
    top: offset(height, cropHeight),
    width: cropWidth,
    height: cropHeight,
  }
}

function offset(size: number, crop: number): number {
  return crop > size ? -Math.floor((crop - size) / 2) : roundHalfEven((size - crop) / 2)
}

/** Python's `round`. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}
