import { random } from '@mobileone/core'
import type { Pixels } from '@mobileone/vision'

const width = 640
const height = 480
const discs = 24

/** Seeded discs on a gradient, 640 x 480: the same bytes in every browser, and as much to shrink and to crop as a photograph has. */
export function workloadPicture(): Pixels {
  const source = random(640_480)
  const drawn = Array.from({ length: discs }, () => ({
    x: source.next() * width,
    y: source.next() * height,
    squaredRadius: (20 + source.next() * 100) ** 2,
    colour: [source.next() * 255, source.next() * 255, source.next() * 255] as const,
  }))
  const data = new Uint8ClampedArray(width * height * 4)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const disc = drawn.findLast((each) => (each.x - x) ** 2 + (each.y - y) ** 2 < each.squaredRadius)
      const place = (y * width + x) * 4
      data.set(disc?.colour ?? [(x / width) * 255, (y / height) * 255, 128], place)
      data[place + 3] = 255
    }
  }
  return { width, height, data }
}
