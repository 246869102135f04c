import type { Image } from '@mobileone/vision'

/** Square pictures of one size, one after another. */
export interface Pictures {
  readonly count: number
  /** [count, size, size, channels], 0 to 255. */
  readonly pixels: Uint8Array
  readonly classes: Uint8Array
}

/** Pictures to learn from and others to be judged by, as the workers of a run get them: plain data. */
export interface PreparedData {
  readonly name: string
  readonly labels: readonly string[]
  readonly size: number
  readonly channels: 1 | 3
  readonly mean: readonly number[]
  readonly std: readonly number[]
  readonly train: Pictures
  readonly held: Pictures
  /** Whether a mirrored picture is still one of its class. */
  readonly mirror: boolean
  /** What could not be used, and why. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[]
}

/** Picture `index` of a set. */
export function pictureAt(
  { pixels }: Pictures,
  { size, channels }: Pick<PreparedData, 'size' | 'channels'>,
  index: number,
): Image {
  const length = size * size * channels
  return { width: size, height: size, channels, data: pixels.subarray(index * length, (index + 1) * length) }
}

/** Some held-out pictures to watch: the first of each class, so many at most. */
export function samplesOf({ held, labels }: Pick<PreparedData, 'held' | 'labels'>, most = 10): number[] {
  const firsts = labels.map((_, label) => held.classes.indexOf(label)).filter((index) => index >= 0)
  return firsts.slice(0, most)
}
