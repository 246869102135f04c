import { placementOf } from '@mobileone/core/framing'
import type { Framing, Preprocess } from '@mobileone/sdk'

/** A part of a picture, in its pixels. */
export type Region = NonNullable<Framing['region']>

/** Width and height of a picture, in pixels. */
export interface Size {
  readonly width: number
  readonly height: number
}

export type Point = readonly [x: number, y: number]

/** The least side of a region, in pixels. */
const least = 8

const within = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high)

/** `region` moved by a number of pixels, as far as the picture goes. */
export function moved(region: Region, dx: number, dy: number, size: Size): Region {
  return {
    ...region,
    x: Math.round(within(region.x + dx, 0, size.width - region.width)),
    y: Math.round(within(region.y + dy, 0, size.height - region.height)),
  }
}

/** `region` with its right and lower edge moved by a number of pixels, at least 8 a side and within the picture. */
export function resized(region: Region, dx: number, dy: number, size: Size): Region {
  return {
    ...region,
    width: Math.round(
      within(region.width + dx, Math.min(least, size.width - region.x), size.width - region.x),
    ),
    height: Math.round(
      within(region.height + dy, Math.min(least, size.height - region.y), size.height - region.y),
    ),
  }
}

/** The region between two corners, in whole pixels; undefined where it is too small to be meant. */
export function between(a: Point, b: Point, size: Size): Region | undefined {
  const whole = (value: number, most: number): number => Math.round(within(value, 0, most))
  const x = whole(Math.min(a[0], b[0]), size.width)
  const y = whole(Math.min(a[1], b[1]), size.height)
  const width = whole(Math.max(a[0], b[0]), size.width) - x
  const height = whole(Math.max(a[1], b[1]), size.height) - y
  return width < least || height < least ? undefined : { x, y, width, height }
}

/** Half of the picture each way, in its middle: where a region begins that is not drawn. */
export function middleOf({ width, height }: Size): Region {
  return {
    x: Math.round(width / 4),
    y: Math.round(height / 4),
    width: Math.max(1, Math.round(width / 2)),
    height: Math.max(1, Math.round(height / 2)),
  }
}

/** What reaches the network of a picture of this size: the region, or what `fit` leaves of it; undefined where that is all of it. */
export function seenPart(size: Size, rule: Preprocess, framing: Framing): Region | undefined {
  const { region, resized: to, window } = placementOf(size.width, size.height, rule, framing)
  const [across, down] = [region.width / to.width, region.height / to.height]
  const left = within(window.left, 0, to.width) * across
  const top = within(window.top, 0, to.height) * down
  const width = within(window.left + window.width, 0, to.width) * across - left
  const height = within(window.top + window.height, 0, to.height) * down - top
  const isAll = width > size.width - 0.5 && height > size.height - 0.5
  return isAll ? undefined : { x: region.left + left, y: region.top + top, width, height }
}
