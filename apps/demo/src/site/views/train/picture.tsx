/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { type Pictures, pictureAt } from './prepared-data.ts'

interface Props {
  readonly pictures: Pictures
  readonly size: number
  readonly channels: 1 | 3
  readonly index: number
  readonly label: string
}

/** One small picture, pixel by pixel. */
export function Picture({ pictures, size, channels, index, label }: Props): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    const { data } = pictureAt(pictures, { size, channels }, index)
    const pixels = context.createImageData(size, size)
    for (let pixel = 0; pixel < size * size; pixel++) {
      for (let channel = 0; channel < 3; channel++)
        pixels.data[4 * pixel + channel] = data[channels * pixel + (channels === 3 ? channel : 0)] as number
      pixels.data[4 * pixel + 3] = 255
    }
    context.putImageData(pixels, 0, 0)
  }, [pictures, size, channels, index])
  return <canvas ref={canvas} class="pixels" width={size} height={size} role="img" aria-label={label} />
}
