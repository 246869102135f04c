/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { between, middleOf, moved, type Region, resized, type Size } from './region.ts'

interface Props {
  /** Of the picture beneath, which fills this element. */
  readonly size: Size
  readonly region: Region | undefined
  readonly onChange: (region: Region | undefined) => void
  /** The picture is shown as in a mirror. */
  readonly mirrored?: boolean
}

const arrows: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/** A rectangle over a picture: drawn with the pointer, or moved with the arrow keys and resized with Shift and them. */
export function RegionEditor({ size, region, onChange, mirrored = false }: Props): JSX.Element {
  const area = useRef<HTMLDivElement>(null)
  const [corner, setCorner] = useState<readonly [number, number]>()
  const [drawn, setDrawn] = useState<Region>()
  const pointAt = (event: PointerEvent): readonly [number, number] => {
    const box = (area.current as HTMLDivElement).getBoundingClientRect()
    const across = (event.clientX - box.left) / box.width
    return [
      (mirrored ? 1 - across : across) * size.width,
      ((event.clientY - box.top) / box.height) * size.height,
    ]
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' || event.key === 'Delete') onChange(undefined)
    const arrow = arrows[event.key]
    if (!arrow) return
    event.preventDefault()
    const step = Math.max(1, Math.round(Math.max(size.width, size.height) / 50))
    const [dx, dy] = [arrow[0] * step * (mirrored ? -1 : 1), arrow[1] * step]
    const from = region ?? middleOf(size)
    onChange(event.shiftKey ? resized(from, arrow[0] * step, dy, size) : moved(from, dx, dy, size))
  }
  const shown = drawn ?? region
  const share = (part: number, whole: number): string => `${(100 * part) / whole}%`
  const left = shown && (mirrored ? size.width - shown.x - shown.width : shown.x)
  return (
    <div
      ref={area}
      class="region-area"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        setCorner(pointAt(event))
      }}
      onPointerMove={(event) => corner && setDrawn(between(corner, pointAt(event), size))}
      onPointerUp={(event) => {
        const made = corner && between(corner, pointAt(event), size)
        setCorner(undefined)
        setDrawn(undefined)
        if (made) onChange(made)
      }}
      onPointerCancel={() => {
        setCorner(undefined)
        setDrawn(undefined)
      }}
    >
      <button
        type="button"
        class={`region ${shown ? '' : 'none'}`}
        style={
          shown
            ? {
                left: share(left as number, size.width),
                top: share(shown.y, size.height),
                width: share(shown.width, size.width),
                height: share(shown.height, size.height),
              }
            : undefined
        }
        aria-label={
          shown
            ? `Region of ${shown.width} by ${shown.height} pixels at ${shown.x}, ${shown.y}. Arrow keys move it, with Shift they resize it, Escape removes it.`
            : 'The whole picture. An arrow key makes a region of it.'
        }
        onKeyDown={onKeyDown}
      />
    </div>
  )
}
