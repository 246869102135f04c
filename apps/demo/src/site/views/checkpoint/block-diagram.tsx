/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { box, drawStage } from './block-drawing.ts'
import type { FoldStage } from './fold-blocks.ts'

interface Props {
  readonly stages: readonly FoldStage[]
  readonly stage: number
}

/** A block at one stage; from stage to stage boxes move to where they go. */
export function BlockDiagram({ stages, stage }: Props): JSX.Element {
  const { width, height, boxes, wires, input, sum, label } = useMemo(
    () => drawStage(stages, stage),
    [stages, stage],
  )
  return (
    <svg class="block-diagram" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      {wires.map(({ key, path, isVisible }) => (
        <path key={key} class={`wire ${isVisible ? '' : 'gone'}`} d={path} />
      ))}
      <path class="wire" d={`M ${sum.x} ${sum.y} L ${sum.x} ${height - 4}`} />
      <circle class="port" cx={input.x} cy={input.y} r={6} />
      {boxes.map(({ key, x, y, kind, title, subtitle, isVisible, isMerged }) => (
        <g
          key={key}
          class={`layer ${kind} ${isVisible ? '' : 'gone'} ${isMerged ? 'merged' : ''}`}
          style={{ transform: `translate(${x}px, ${y}px)` }}
        >
          <rect x={-box.width / 2} y={-box.height / 2} width={box.width} height={box.height} rx={9} />
          <text class="title" y={subtitle ? -2 : 5}>
            {title}
          </text>
          {subtitle && (
            <text class="subtitle" y={12}>
              {subtitle}
            </text>
          )}
        </g>
      ))}
      <g class={`sum ${sum.isVisible ? '' : 'gone'}`}>
        <circle cx={sum.x} cy={sum.y} r={11} />
        <path d={`M ${sum.x - 5} ${sum.y} h 10 M ${sum.x} ${sum.y - 5} v 10`} />
      </g>
    </svg>
  )
}
