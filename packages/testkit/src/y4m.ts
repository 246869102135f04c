/** Pixels of one frame, RGB, row by row. */
export interface RgbFrame {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/**
 * `frames` as a YUV4MPEG2 file, which Chromium's `--use-file-for-fake-video-capture` shows again and again: 4:2:0, BT.601 in the
 * range of video. Width and height must be even, and those of the first frame.
 */
export function y4m(frames: readonly RgbFrame[], framesPerSecond: number): Uint8Array {
  const [{ width, height }] = frames as [RgbFrame]
  const encoder = new TextEncoder()
  const header = encoder.encode(`YUV4MPEG2 W${width} H${height} F${framesPerSecond}:1 Ip A1:1 C420jpeg\n`)
  const mark = encoder.encode('FRAME\n')
  const size = mark.length + (width * height * 3) / 2
  const file = new Uint8Array(header.length + frames.length * size)
  file.set(header)
  for (const [index, frame] of frames.entries()) {
    const start = header.length + index * size
    file.set(mark, start)
    writePlanes(frame, file.subarray(start + mark.length, start + size))
  }
  return file
}

function writePlanes({ width, height, data }: RgbFrame, planes: Uint8Array): void {
  const at = (x: number, y: number): [number, number, number] => {
    const index = 3 * (y * width + x)
    return [data[index] as number, data[index + 1] as number, data[index + 2] as number]
  }
  let next = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [red, green, blue] = at(x, y)
      planes[next++] = 16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255
    }
  }
  for (const [r, g, b] of [
    [-37.797, -74.203, 112],
    [112, -93.786, -18.214],
  ] as const) {
    for (let y = 0; y < height; y += 2) {
      for (let x = 0; x < width; x += 2) {
        const [red, green, blue] = at(x, y)
        planes[next++] = 128 + (r * red + g * green + b * blue) / 255
      }
    }
  }
}
