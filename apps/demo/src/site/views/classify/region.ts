import type { Framing } from '@mobileone/sdk'

/** A part of a picture, in its pixels. */
export type Region = NonNullable<Framing['region']>

/** Width and height of a picture, in pixels. */
export interface Size {
  readonly width: number
  readonly height: number
}

/** The least side of a region, in pixels. */
const least = 8

const within = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high)

/** `region` moved by a number of pixels, as far as the picture goes. */
export function moved(region: Region, dx: number, dy: number, size: Size): Region {
  return {
    ...region,
    x: within(region.x + dx, 0, size.width - region.width),
    y: within(region.y + dy, 0, size.height - region.height),
  }
}

/** `region` with its right and lower edge moved by a number of pixels, at least 8 a side and within the picture. */
export function resized(region: Region, dx: number, dy: number, size: Size): Region {
  return {
    ...region,
    width: within(region.width + dx, Math.min(least, size.width), size.width - region.x),
    height: within(region.height + dy, Math.min(least, size.height), size.height - region.y),
  }
}

/** The region between two corners, in whole pixels; undefined where it is too small to be meant. */
export function between(
  a: readonly [x: number, y: number],
  b: readonly [x: number, y: number],
  size: Size,
): Region | undefined {
  const [left, right] = [a[0], b[0]].sort((p, q) => p - q).map((x) => Math.round(within(x, 0, size.width)))
  const [top, bottom] = [a[1], b[1]].sort((p, q) => p - q).map((y) => Math.round(within(y, 0, size.height)))
  const region = {
    x: left as number,
    y: top as number,
    width: (right as number) - (left as number),
    height: (bottom as number) - (top as number),
  }
  return region.width < least || region.height < least ? undefined : region
}

/** Half of the picture each way, in its middle: where a region begins that is made by keyboard. */
export function middleOf({ width, height }: Size): Region {
  return {
    x: Math.round(width / 4),
    y: Math.round(height / 4),
    width: Math.max(1, Math.round(width / 2)),
    height: Math.max(1, Math.round(height / 2)),
  }
}
