/** @jsxImportSource preact */
import { layoutPlot, type Mark, type Plot } from '@mobileone/measure/studies'
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import './plot.css'

/** Before the page has been laid out: a phone's. */
const firstWidth = 340

/** A plot at the width there is for it. What it shows stands in a table too. */
export function PlotFigure({ plot }: { readonly plot: Plot }): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(firstWidth)
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.max(240, Math.floor(entry.contentRect.width)))
    })
    if (box.current) observer.observe(box.current)
    return () => observer.disconnect()
  }, [])
  const { height, marks } = layoutPlot(plot, width)
  return (
    <figure class="plot-figure">
      <figcaption>{plot.title}</figcaption>
      <div ref={box}>
        <svg
          viewBox={`0 0 ${width} ${height}`}
          width={width}
          height={height}
          role="img"
          aria-label={summary(plot)}
        >
          {marks.map((mark, index) => (
            <Drawn key={index} mark={mark} />
          ))}
        </svg>
      </div>
    </figure>
  )
}

function Drawn({ mark }: { readonly mark: Mark }): JSX.Element {
  switch (mark.kind) {
    case 'path':
      return <path class={`plot-${mark.role}`} d={mark.d} />
    case 'dot':
      return (
        <circle
          class={mark.isHighlight ? 'plot-dot ours' : 'plot-dot'}
          cx={mark.x}
          cy={mark.y}
          r={mark.radius}
        >
          <title>{mark.title}</title>
        </circle>
      )
    case 'bar':
      return (
        <rect
          class={`plot-bar series-${mark.series % 4}`}
          x={mark.x}
          y={mark.y}
          width={mark.width}
          height={mark.height}
          rx={2}
        >
          <title>{mark.title}</title>
        </rect>
      )
    case 'text':
      return (
        <text class={`plot-${mark.role}`} x={mark.x} y={mark.y} text-anchor={mark.anchor}>
          {mark.text}
        </text>
      )
    default:
      return mark satisfies never
  }
}

function summary(plot: Plot): string {
  switch (plot.kind) {
    case 'scatter':
      return `${plot.title}: ${plot.y.title} against ${plot.x.title} of ${plot.points.length} networks`
    case 'bars':
      return `${plot.title}: ${plot.value}`
    default:
      return plot satisfies never
  }
}
