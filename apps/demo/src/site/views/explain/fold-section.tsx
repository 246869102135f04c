/** @jsxImportSource preact */

import { count } from '@mobileone/site-kit/format'
import { Notice } from '@mobileone/site-kit/notice'
import { ScrollRegion } from '@mobileone/site-kit/scroll-region'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { explainWorker } from './explain-worker-client.ts'
import type { BlockChoice, FoldStage } from './fold-stages.ts'

const first: BlockChoice = { branches: 2, depthwise: true, stride: 1 }

/** One block of the visitor's choice, folded in front of them, rewrite by rewrite. */
export function FoldSection(): JSX.Element {
  const [choice, setChoice] = useState(first)
  const [stages, setStages] = useState<readonly FoldStage[]>([])
  const [step, setStep] = useState(0)
  const [error, setError] = useState<string>()
  useEffect(() => {
    let isCurrent = true
    explainWorker()
      .fold(choice)
      .then(
        (folded) => {
          if (!isCurrent) return
          setStages(folded)
          setStep((before) => Math.min(before, folded.length - 1))
          setError(undefined)
        },
        (cause: Error) => isCurrent && setError(cause.message),
      )
    return () => {
      isCurrent = false
    }
  }, [choice])
  const stage = stages[step]
  const trained = stages[0]
  return (
    <section class="panel" aria-labelledby="fold-title">
      <h2 id="fold-title">Train many branches, run one convolution</h2>
      <p>
        While it learns, a block of MobileOne adds up several convolutions of the same input, each with its
        batch normalisation. All of them are linear, so afterwards they are one convolution: four small
        rewrites of the graph find it, exactly. Build a block and fold it.
      </p>
      <div class="bench">
        <div class="side">
          <div class="row controls">
            <label>
              Parallel 3x3 branches: <output>{choice.branches}</output>
              <input
                type="range"
                min={1}
                max={5}
                value={choice.branches}
                onInput={({ currentTarget }) =>
                  setChoice({ ...choice, branches: currentTarget.valueAsNumber })
                }
              />
            </label>
            <label class="check">
              <input
                type="checkbox"
                checked={choice.depthwise}
                onChange={({ currentTarget }) => setChoice({ ...choice, depthwise: currentTarget.checked })}
              />
              depthwise
            </label>
            <label class="check">
              <input
                type="checkbox"
                checked={choice.stride === 2}
                onChange={({ currentTarget }) =>
                  setChoice({ ...choice, stride: currentTarget.checked ? 2 : 1 })
                }
              />
              stride 2 (no skip)
            </label>
          </div>
          {error && (
            <Notice kind="error" title="This block could not be folded">
              {error}
            </Notice>
          )}
          <div class="row">
            <button type="button" class="quiet" disabled={step === 0} onClick={() => setStep(step - 1)}>
              Back
            </button>
            <button type="button" disabled={step >= stages.length - 1} onClick={() => setStep(step + 1)}>
              Next rewrite
            </button>
            <span class="muted">{stages.length > 0 && `${step} of ${stages.length - 1}`}</span>
          </div>
          <div class="stage" aria-live="polite">
            <h3>{stage?.title ?? 'Folding…'}</h3>
            <dl class="figures">
              <div>
                <dt>nodes</dt>
                <dd>{stage ? count(stage.nodes) : '–'}</dd>
              </div>
              <div>
                <dt>parameters</dt>
                <dd>{stage ? count(stage.params) : '–'}</dd>
              </div>
              <div>
                <dt>largest difference, measured</dt>
                <dd>{stage && step > 0 ? stage.maxAbsError.toExponential(1) : '–'}</dd>
              </div>
            </dl>
          </div>
          {stage && trained && step === stages.length - 1 && (
            <p>
              From {trained.nodes} nodes to {stage.nodes}. What is left of the difference is rounding: weights
              are added in double precision and rounded to float32 once.
            </p>
          )}
          <p>
            <a href="#checkpoint">Fold a whole checkpoint</a>, yours or the one of this page.
          </p>
        </div>
        <ScrollRegion label="The graph of the block" class="graph">
          <pre>{stage?.text ?? ''}</pre>
        </ScrollRegion>
      </div>
    </section>
  )
}
