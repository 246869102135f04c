/** @jsxImportSource preact */

import { Notice } from '@mobileone/site-kit/notice'
import type { JSX } from 'preact'
import { BlockDiagram } from './block-diagram.tsx'
import { titleOfStage } from './block-drawing.ts'
import { BlockTable } from './block-table.tsx'
import type { OpenedFacts } from './checkpoint-facts.ts'
import { Figures } from './figures.tsx'
import { costAt, costOfBlock, endOf, nextStep, type Position, previousStep, start } from './fold-steps.ts'
import { NetworkStrip } from './network-strip.tsx'
import { foldError, position, studied, studyError } from './opened.ts'
import { usePlaying } from './use-playing.ts'
import { useStaged } from './use-staged.ts'

/** How the model folds: block by block, rewrite by rewrite, with what each costs. */
export function FoldPanel({ facts }: { readonly facts: OpenedFacts }): JSX.Element | null {
  const { blocks } = facts
  const drawn = useStaged(3, facts)
  const at = position.value
  const known = studied.value
  const playing = usePlaying(blocks.length)
  const block = blocks[at.block]
  const stages = known[at.block]?.stages
  const stage = stages?.[at.stage]
  const [title, about] = titleOfStage(stage?.rewrite)
  const go = (to: Position | undefined): void => {
    playing.pause()
    // A button that does nothing now stays where the keyboard is.
    if (to) position.value = to
  }
  const forward = nextStep(at, known, blocks.length)
  const back = previousStep(at, known)
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target instanceof HTMLInputElement || event.altKey || event.ctrlKey || event.metaKey) return
    const keys: Record<string, () => void> = {
      ArrowRight: () => go(forward),
      ArrowLeft: () => go(back),
      Home: () => go(start),
      End: () => go(endOf(known, blocks.length)),
    }
    if (!Object.hasOwn(keys, event.key) || (event.target as Element).closest('.scroll')) return
    event.preventDefault()
    keys[event.key]?.()
  }
  if (!block) return null
  return (
    <section class="panel fold" aria-labelledby="fold-title" onKeyDown={onKeyDown}>
      <header>
        <h2 id="fold-title">Watch it fold</h2>
        <p class="muted">
          {blocks.length} blocks, a column each; a dot is a branch. Parallel branches add up to one layer that
          computes the same.
        </p>
      </header>
      <div class="network">
        {drawn > 0 && <NetworkStrip blocks={blocks} studied={known} position={at} />}
        <input
          type="range"
          min={0}
          max={blocks.length - 1}
          value={at.block}
          style={{ maxWidth: `${blocks.length * 26}px` }}
          aria-label="Block"
          aria-valuetext={`Block ${at.block + 1} of ${blocks.length}`}
          onInput={({ currentTarget }) => go({ block: currentTarget.valueAsNumber, stage: 0 })}
        />
      </div>
      <fieldset class="row stepper" aria-label="Steps of folding">
        <button type="button" class="quiet" aria-disabled={!back} onClick={() => go(back)}>
          Previous
        </button>
        <button type="button" onClick={playing.isPlaying ? playing.pause : playing.play}>
          {playing.isPlaying ? 'Pause' : 'Play'}
        </button>
        <button type="button" class="quiet" aria-disabled={!forward} onClick={() => go(forward)}>
          Next
        </button>
        <button
          type="button"
          class="quiet"
          aria-disabled={known.length < blocks.length}
          onClick={() => go(endOf(known, blocks.length))}
        >
          Fold all
        </button>
        <button
          type="button"
          class="quiet"
          aria-disabled={at.block === 0 && at.stage === 0}
          onClick={() => go(start)}
        >
          Start again
        </button>
      </fieldset>
      <div class="stage" aria-live={playing.isPlaying ? 'off' : 'polite'}>
        <h3>
          <span class="muted">
            Block {at.block + 1} of {blocks.length}, <code>{block.name}</code>:
          </span>{' '}
          {title}
        </h3>
        <p>{about}</p>
      </div>
      {studyError.value && (
        <Notice kind="error" title="The blocks could not be taken apart">
          {studyError.value}
        </Notice>
      )}
      <div class="forms">
        <figure>
          <figcaption>As trained</figcaption>
          {stages && drawn > 1 ? <BlockDiagram key={block.name} stages={stages} stage={0} /> : <Waiting />}
          <Figures now={block.trained} />
        </figure>
        <figure>
          <figcaption>
            {stage && at.stage === (stages?.length ?? 0) - 1 ? 'As it runs' : 'Folding'}
          </figcaption>
          {stages && drawn > 2 ? (
            <BlockDiagram key={block.name} stages={stages} stage={at.stage} />
          ) : (
            <Waiting />
          )}
          <Figures now={costOfBlock(block, known[at.block], at.block, at)} before={block.trained} />
        </figure>
      </div>
      <p class="muted legend">
        norm: batch normalisation; depthwise (dw): a filter for each channel; bias: a number that is added to
        each channel.
      </p>
      <div class="whole">
        <h3>The whole network now</h3>
        <Figures now={costAt(facts, known, at)} before={facts.trained} isLarge />
        <MeasuredError />
      </div>
      <BlockTable blocks={blocks} studied={known} />
    </section>
  )
}

function Waiting(): JSX.Element {
  return <p class="waiting muted">Taking this block apart…</p>
}

/** How far the folded network is from the trained one, measured here. */
function MeasuredError(): JSX.Element {
  const error = foldError.value
  if (!error) return <p class="error-line muted">Measuring how far both forms are apart…</p>
  const { maxAbsError, maxAbsValue } = error
  return (
    <p class="error-line">
      Both forms were run here on two random inputs. Their outputs differ by at most{' '}
      <strong>{maxAbsError.toExponential(1)}</strong>, which is{' '}
      <strong>{(maxAbsError / (maxAbsValue || 1)).toExponential(1)}</strong> of the largest value,{' '}
      {maxAbsValue.toPrecision(3)}: the rounding of float32.
    </p>
  )
}
