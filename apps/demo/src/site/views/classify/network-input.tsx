/** @jsxImportSource preact */
import type { Framing } from '@mobileone/sdk'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { engine } from '../../state/engine.ts'
import { drawInput } from './draw-input.ts'
import { settings } from './pictures.ts'
import type { Region, Size } from './region.ts'

interface Props {
  readonly source: Blob | HTMLVideoElement | undefined
  /** Of the picture, upright. */
  readonly size: Size | undefined
  readonly region: Region | undefined
}

/** A video is drawn so often, whatever the network does: milliseconds. */
const period = 100

/** A photograph is drawn from so many pixels across or down: the page's thread has other things to do. */
const most = 1024

function shrunk({ width, height }: Size): ImageBitmapOptions {
  const scale = most / Math.max(width, height)
  if (scale >= 1) return {}
  const [resizeWidth, resizeHeight] = [width, height].map((side) => Math.max(1, Math.round(side * scale)))
  return { resizeWidth, resizeHeight, resizeQuality: 'medium' } as ImageBitmapOptions
}

/** What the network is given of a picture or a video. */
export function NetworkInput({ source, size, region }: Props): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  const rule = engine.value.classifier?.preprocess
  const { fit } = settings.value
  useEffect(() => {
    const target = canvas.current
    if (!target || !rule || !size || !source) return
    const options: Framing & { rule: typeof rule } = { rule, fit, ...(region && { region }) }
    if (!(source instanceof Blob)) {
      const timer = setInterval(() => drawInput(target, source, size, options), period)
      return () => clearInterval(timer)
    }
    let isCurrent = true
    createImageBitmap(source, shrunk(size)).then(
      (bitmap) => {
        if (isCurrent) drawInput(target, bitmap, size, options)
        bitmap.close()
      },
      () => {},
    )
    return () => {
      isCurrent = false
    }
  }, [source, size, region, rule, fit])
  const [height, width] = rule?.size ?? [1, 1]
  return (
    <figure class="network-input">
      <canvas
        ref={canvas}
        width={width}
        height={height}
        class={width < 100 ? 'coarse' : ''}
        aria-label="The picture as the network is given it"
        role="img"
      />
      <figcaption class="muted">
        What the network sees
        <br />
        {rule ? `${width} × ${height}${rule.mean.length === 1 ? ', grey' : ''}` : '\u00a0'}
      </figcaption>
    </figure>
  )
}
