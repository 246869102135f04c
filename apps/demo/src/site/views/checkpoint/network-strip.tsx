/** @jsxImportSource preact */
import type { JSX } from 'preact'
import type { StudiedBlock } from './checkpoint-facts.ts'
import type { FoldedBlock } from './fold-blocks.ts'
import { isFoldedAt, type Position } from './fold-steps.ts'

interface Props {
  readonly blocks: readonly FoldedBlock[]
  readonly studied: readonly StudiedBlock[]
  readonly position: Position
}

const step = 10

/** Every block as a column with a dot for each branch: one dot once it is folded. */
export function NetworkStrip({ blocks, studied, position }: Props): JSX.Element {
  const most = Math.max(...blocks.map(({ branches }) => branches))
  const width = blocks.length * step
  const height = most * step
  return (
    <svg
      class="network-strip"
      viewBox={`0 0 ${width} ${height}`}
      style={{ maxWidth: `${blocks.length * 26}px` }}
      aria-hidden="true"
    >
      {blocks.map((block, index) => {
        const isFolded = isFoldedAt(studied, index, position)
        const middle = height / 2
        return (
          <g key={block.name} class={index === position.block ? 'current' : isFolded ? 'folded' : ''}>
            {Array.from({ length: block.branches }, (_, branch) => {
              const y = isFolded ? 0 : (branch - (block.branches - 1) / 2) * step
              return (
                <circle
                  key={branch}
                  cx={index * step + step / 2}
                  cy={middle}
                  r={3}
                  style={{ transform: `translateY(${y}px)` }}
                />
              )
            })}
          </g>
        )
      })}
    </svg>
  )
}
