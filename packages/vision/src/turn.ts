import type { Window } from '@mobileone/core'
import type { Placement } from '@mobileone/core/framing'
import type { Image } from './image.ts'

export type Turn = Pick<Placement, 'rotate' | 'flip'>

/** The image turned clockwise by `rotate` degrees, then mirrored: a copy, unless there is nothing to do. */
export function turn(image: Image, { rotate, flip }: Turn): Image {
  if (rotate === 0 && !flip) return image
  const { channels, data } = image
  const isUpright = rotate % 180 === 0
  const width = isUpright ? image.width : image.height
  const height = isUpright ? image.height : image.width
  const { first, along, down } = steps(image.width, image.height, { rotate, flip })
  const turned = new Uint8Array(data.length)
  for (let y = 0, to = 0; y < height; y++) {
    let from = (first + y * down) * channels
    for (let x = 0; x < width; x++, from += along * channels) {
      for (let c = 0; c < channels; c++) turned[to++] = data[from + c]!
    }
  }
  return { width, height, channels, data: turned }
}

/** Where the first pixel of the turned image comes from, and how far away its neighbours to the right and below are. */
function steps(
  width: number,
  height: number,
  { rotate, flip }: Turn,
): { readonly first: number; readonly along: number; readonly down: number } {
  const isUpright = rotate % 180 === 0
  const last = (isUpright ? width : height) - 1
  const [first, along, down] = {
    0: [0, 1, width] as const,
    90: [(height - 1) * width, -width, 1] as const,
    180: [width * height - 1, -1, -width] as const,
    270: [width - 1, width, -1] as const,
  }[rotate]
  return flip ? { first: first + last * along, along: 0 - along, down } : { first, along, down }
}

/** The window of an image of `width` x `height` whose pixels are in `window` of the turned image. */
export function beforeTurn(window: Window, width: number, height: number, { rotate, flip }: Turn): Window {
  const turnedWidth = rotate % 180 === 0 ? width : height
  const left = flip ? turnedWidth - window.left - window.width : window.left
  const { top } = window
  const right = left + window.width
  const bottom = top + window.height
  switch (rotate) {
    case 0:
      return { ...window, left }
    case 90:
      return { left: top, top: height - right, width: window.height, height: window.width }
    case 180:
      return { ...window, left: width - right, top: height - bottom }
    case 270:
      return { left: width - bottom, top: left, width: window.height, height: window.width }
    default:
      throw rotate satisfies never
  }
}
