/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { count } from '../../ui/format.ts'
import type { Block, Branch } from './find-blocks.ts'

interface Props {
  readonly block: Block
  /** Whether its branches have flowed into one. */
  readonly isFolded: boolean
}

const width = 560
const rowHeight = 46
const boxWidth = 150
const boxHeight = 34
const convX = 110
const normX = 300
const sumX = 500

/** The branches of one block, from its input to their sum; folded, the one convolution that is left. */
export function BlockDiagram({ block, isFolded }: Props): JSX.Element {
  const { branches } = block
  const height = Math.max(4, branches.length) * rowHeight + 24
  const middle = height / 2
  const top = middle - (branches.length * rowHeight) / 2
  const rowY = (row: number): number => top + (row + 0.5) * rowHeight
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      class={`diagram ${isFolded ? 'folded' : ''}`}
      role="img"
      aria-label={describe(block, isFolded)}
    >
      <Terminal x={24} y={middle} text="x" />
      {branches.map((branch, row) => {
        const y = rowY(row)
        const shift = { '--shift': `${middle - y}px` } as Record<string, string>
        return (
          // A branch is its place in the block.
          <g key={row} class="branch" style={shift}>
            <path class="wire" d={curve(38, middle, convX, y)} />
            {branch.kind === 'skip' ? (
              <path class="wire" d={`M${convX} ${y}H${normX}`} />
            ) : (
              <Box x={convX} y={y} text={convText(branch)} className={branch.kind} />
            )}
            {branch.hasBatchNorm ? (
              <>
                {branch.kind !== 'skip' && <path class="wire" d={`M${convX + boxWidth} ${y}H${normX}`} />}
                <Box x={normX} y={y} text="batch norm" className="norm" />
                <path class="wire" d={curve(normX + boxWidth, y, sumX - 14, middle)} />
              </>
            ) : (
              <path class="wire" d={curve(convX + boxWidth, y, sumX - 14, middle)} />
            )}
          </g>
        )
      })}
      <g class="one">
        <path class="wire" d={`M38 ${middle}H${sumX - 14}`} />
        <Box
          x={(convX + normX) / 2}
          y={middle}
          text={`${block.kernel.join('x')} convolution`}
          className="merged"
        />
      </g>
      <Terminal x={sumX} y={middle} text={branches.length > 1 && !isFolded ? '+' : 'y'} />
      <text class="caption" x={width / 2} y={height - 4}>
        {count(block.params[isFolded ? 1 : 0])} parameters in {block.nodes[isFolded ? 1 : 0]}{' '}
        {block.nodes[isFolded ? 1 : 0] === 1 ? 'node' : 'nodes'}
      </text>
    </svg>
  )
}

function Box({
  x,
  y,
  text,
  className,
}: {
  x: number
  y: number
  text: string
  className: string
}): JSX.Element {
  return (
    <g class={`box ${className}`}>
      <rect x={x} y={y - boxHeight / 2} width={boxWidth} height={boxHeight} rx={8} />
      <text x={x + boxWidth / 2} y={y + 5}>
        {text}
      </text>
    </g>
  )
}

function Terminal({ x, y, text }: { x: number; y: number; text: string }): JSX.Element {
  return (
    <g class="terminal">
      <circle cx={x} cy={y} r={14} />
      <text x={x} y={y + 5}>
        {text}
      </text>
    </g>
  )
}

const curve = (x1: number, y1: number, x2: number, y2: number): string =>
  `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`

const convText = ({ kernel, kind }: Branch): string =>
  `${kernel.join('x')} ${kind === 'scale' ? 'scale' : 'conv'}`

function describe({ name, branches, kernel }: Block, isFolded: boolean): string {
  const one = `one ${kernel.join(' by ')} convolution`
  if (isFolded) return `${name}, folded: ${one}`
  const parts = branches.map((branch) => (branch.kind === 'skip' ? 'a skip' : `a ${convText(branch)}`))
  return `${name}, as trained: the sum of ${parts.join(', ')}`
}
