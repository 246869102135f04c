/** @jsxImportSource preact */
import type { CSSProperties, JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { between, middleOf, moved, type Point, type Region, resized, type Size } from './region.ts'

interface Props {
  /** Of the picture beneath, which fills this element. */
  readonly size: Size
  readonly region: Region | undefined
  /** What the network sees of it, where that is less than the region. */
  readonly seen: Region | undefined
  readonly onChange: (region: Region | undefined) => void
  /** The picture is shown as in a mirror. */
  readonly mirrored?: boolean
}

const arrows: Readonly<Record<string, Point>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/** What a pointer does between down and up, to the region as it was then. */
interface Drag {
  readonly from: Point
  readonly change: (to: Point) => Region | undefined
}

/**
 * A rectangle over a picture: drawn, moved and resized with the pointer, or with the arrow keys, alone and with Shift. Fingers scroll
 * the page, and move and resize a region that is there.
 */
export function RegionEditor({ size, region, seen, onChange, mirrored = false }: Props): JSX.Element {
  const area = useRef<HTMLDivElement>(null)
  const [drag, setDrag] = useState<Drag>()
  const [drawn, setDrawn] = useState<Region>()

  const pointAt = (event: PointerEvent): Point => {
    const box = (area.current as HTMLDivElement).getBoundingClientRect()
    const across = (event.clientX - box.left) / box.width
    const down = (event.clientY - box.top) / box.height
    return [(mirrored ? 1 - across : across) * size.width, down * size.height]
  }
  const onPointerDown = (event: PointerEvent): void => {
    const target = event.target as Element
    const isOnRegion = region !== undefined && target.closest('.region') !== null
    if (event.button !== 0 || (event.pointerType === 'touch' && !isOnRegion)) return
    area.current?.setPointerCapture(event.pointerId)
    const from = pointAt(event)
    const by = (to: Point): Point => [to[0] - from[0], to[1] - from[1]]
    if (!isOnRegion) setDrag({ from, change: (to) => between(from, to, size) })
    else if (target.closest('.handle')) setDrag({ from, change: (to) => resized(region, ...by(to), size) })
    else setDrag({ from, change: (to) => moved(region, ...by(to), size) })
  }
  const end = (): void => {
    setDrag(undefined)
    setDrawn(undefined)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' || event.key === 'Delete') onChange(undefined)
    const arrow = arrows[event.key]
    if (!arrow) return
    event.preventDefault()
    const step = Math.max(1, Math.round(Math.max(size.width, size.height) / 50))
    const side = mirrored && !event.shiftKey ? -1 : 1
    const [dx, dy] = [arrow[0] * step * side, arrow[1] * step]
    const from = region ?? middleOf(size)
    onChange(event.shiftKey ? resized(from, dx, dy, size) : moved(from, dx, dy, size))
  }

  const place = ({ x, y, width, height }: Region): CSSProperties => {
    const share = (part: number, whole: number): string => `${(100 * part) / whole}%`
    return {
      left: share(mirrored ? size.width - x - width : x, size.width),
      top: share(y, size.height),
      width: share(width, size.width),
      height: share(height, size.height),
    }
  }
  const shown = drawn ?? region
  return (
    <div
      ref={area}
      class={`region-area ${mirrored ? 'mirrored' : ''}`}
      onPointerDown={onPointerDown}
      onPointerMove={(event) => drag && setDrawn(drag.change(pointAt(event)))}
      onPointerUp={(event) => {
        const made = drag?.change(pointAt(event))
        end()
        if (made) onChange(made)
      }}
      onPointerCancel={end}
    >
      {seen && !drawn && <div class="seen" style={place(seen)} />}
      <button
        type="button"
        class={`region ${shown ? '' : 'none'}`}
        style={shown && place(shown)}
        aria-label={
          shown
            ? `Region of ${shown.width} by ${shown.height} pixels at ${shown.x}, ${shown.y}. Arrow keys move it, with Shift they resize it, Escape removes it.`
            : 'The whole picture. An arrow key makes a region of it.'
        }
        onKeyDown={onKeyDown}
      >
        {shown && <span class="handle" />}
      </button>
    </div>
  )
}

/** Makes a region without drawing it, or takes it away. */
export function RegionButton({
  size,
  region,
  onChange,
}: Omit<Props, 'seen' | 'size'> & {
  readonly size: Size | undefined
}): JSX.Element {
  return (
    <button
      type="button"
      class="quiet"
      aria-pressed={region !== undefined}
      disabled={!size}
      onClick={() => size && onChange(region ? undefined : middleOf(size))}
    >
      Look at a part
    </button>
  )
}
