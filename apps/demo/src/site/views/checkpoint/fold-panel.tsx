/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { count, millions, milliseconds } from '../../ui/format.ts'
import { BlockDiagram } from './block-diagram.tsx'
import type { CheckpointFacts } from './checkpoint-facts.ts'
import type { Block } from './find-blocks.ts'
import { foldError } from './open-checkpoint.ts'

interface Props {
  readonly facts: CheckpointFacts
}

const stepMs = 700

/** The blocks of the network, folded one after the other in front of the visitor. */
export function FoldPanel({ facts }: Props): JSX.Element | null {
  const { blocks, params } = facts
  const [folded, setFolded] = useState(0)
  const [isPlaying, setPlaying] = useState(false)
  useEffect(() => {
    if (!isPlaying) return
    if (folded >= blocks.length) {
      setPlaying(false)
      return
    }
    const timer = setTimeout(() => setFolded(folded + 1), stepMs)
    return () => clearTimeout(timer)
  }, [isPlaying, folded, blocks.length])
  if (blocks.length === 0) return null
  const shown = Math.min(Math.max(folded - 1, 0), blocks.length - 1)
  const block = blocks[shown] as Block
  const left = blocks.slice(folded)
  const nodes = facts.nodes[0] - sum(blocks.slice(0, folded), ({ nodes: [before, after] }) => before - after)
  const parameters = params[0] - sum(blocks.slice(0, folded), ({ params: [before, after] }) => before - after)
  const go = (to: number): void => {
    setPlaying(false)
    setFolded(Math.min(Math.max(to, 0), blocks.length))
  }
  return (
    <section class="panel" aria-labelledby="fold-title">
      <h2 id="fold-title">Watch it fold</h2>
      <div class="fold">
        <div class="side">
          <dl class="figures" aria-live="off">
            <div>
              <dt>blocks folded</dt>
              <dd>
                {folded} of {blocks.length}
              </dd>
            </div>
            <div>
              <dt>nodes</dt>
              <dd>{count(nodes)}</dd>
            </div>
            <div>
              <dt>parameters</dt>
              <dd>{millions(parameters)}</dd>
            </div>
          </dl>
          <div class="row">
            <button
              type="button"
              onClick={() => {
                if (folded >= blocks.length) setFolded(0)
                setPlaying(!isPlaying)
              }}
            >
              {isPlaying ? 'Pause' : folded >= blocks.length ? 'Fold again' : 'Play'}
            </button>
            <button type="button" class="quiet" disabled={folded === 0} onClick={() => go(folded - 1)}>
              Back
            </button>
            <button type="button" class="quiet" disabled={left.length === 0} onClick={() => go(folded + 1)}>
              Next
            </button>
          </div>
          <label class="scrub">
            <span class="hidden">Blocks folded</span>
            <input
              type="range"
              min={0}
              max={blocks.length}
              value={folded}
              onInput={({ currentTarget }) => go(currentTarget.valueAsNumber)}
            />
          </label>
          <h3>{block.name}</h3>
          <p class="muted">{wordsOf(block)}</p>
          <ErrorFigure foldMs={facts.foldMs} />
        </div>
        <BlockDiagram block={block} isFolded={folded > shown} />
      </div>
    </section>
  )
}

function ErrorFigure({ foldMs }: { readonly foldMs: number }): JSX.Element {
  const state = foldError.value
  return (
    <p class="error-figure" role="status">
      The whole network folded in {milliseconds(foldMs)} here.{' '}
      {state.status === 'done' ? (
        <>
          Both forms, run on {state.value.runs} random pictures, differ by at most{' '}
          <strong>{state.value.maxAbsError.toExponential(1)}</strong> in outputs of up to{' '}
          {state.value.maxAbsValue.toPrecision(3)}: rounding.
        </>
      ) : state.status === 'failed' ? (
        `How far both forms differ could not be measured: ${state.message}`
      ) : (
        'Measuring how far both forms differ…'
      )}
    </p>
  )
}

function wordsOf({ kind, channels, kernel, stride, output, branches, params }: Block): string {
  const size = kernel.join('x')
  const step = stride[0] === 1 && stride[1] === 1 ? '' : `, stride ${stride[0]}`
  const was = branches.length > 1 ? `${branches.length} branches` : 'one branch'
  const saved =
    params[0] > params[1] ? `, ${Math.round(100 * (1 - params[1] / params[0]))} % fewer parameters` : ''
  return `${kind} ${size}${step}, ${channels[0]} to ${channels[1]} channels, ${output.join(' x ')} out: from ${was}${saved}.`
}

const sum = (blocks: readonly Block[], value: (block: Block) => number): number =>
  blocks.reduce((total, block) => total + value(block), 0)
