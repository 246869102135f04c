/** @jsxImportSource preact */
import { placementOf } from '@mobileone/core/framing'
import type { Preprocess } from '@mobileone/sdk'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Settings } from './pictures.ts'
import type { Region } from './region.ts'

interface Props {
  readonly file: Blob
  readonly rule: Preprocess
  readonly region: Region | undefined
  readonly fit: Settings['fit']
}

/** What the network is given of a picture, before it is normalised; drawn by the browser, for people. */
export function NetworkInput({ file, rule, region, fit }: Props): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [height, width] = rule.size
  useEffect(() => {
    let isCurrent = true
    createImageBitmap(file).then(
      (bitmap) => {
        if (isCurrent && canvas.current) draw(canvas.current, bitmap, { rule, region, fit })
        bitmap.close()
      },
      () => {},
    )
    return () => {
      isCurrent = false
    }
  }, [file, rule, region, fit])
  return (
    <figure class="network-input">
      <canvas ref={canvas} width={width} height={height} class={width < 100 ? 'coarse' : ''} />
      <figcaption class="muted">
        What the network sees: {width} x {height}
        {rule.mean.length === 1 ? ', grey' : ''}
      </figcaption>
    </figure>
  )
}

function draw(
  canvas: HTMLCanvasElement,
  bitmap: ImageBitmap,
  { rule, region, fit }: Omit<Props, 'file'>,
): void {
  const context = canvas.getContext('2d')
  if (!context) return
  const framing = { fit, ...(region && { region }) }
  const { region: from, resized, window, padding } = placementOf(bitmap.width, bitmap.height, rule, framing)
  const [red = 0, green = red, blue = red] = padding
  context.filter = rule.mean.length === 1 ? 'grayscale(1)' : 'none'
  context.imageSmoothingQuality = 'high'
  context.fillStyle = `rgb(${red} ${green} ${blue})`
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(
    bitmap,
    from.left,
    from.top,
    from.width,
    from.height,
    -window.left,
    -window.top,
    resized.width,
    resized.height,
  )
}
