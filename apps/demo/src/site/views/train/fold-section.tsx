/** @jsxImportSource preact */

import { count, milliseconds, percent } from '@mobileone/site-kit/format'
import { saveFile } from '@mobileone/site-kit/save-file'
import type { JSX } from 'preact'
import { choose } from '../../state/choice.ts'
import type { FoldReport, FormFacts } from './compare-forms.ts'
import { formNames } from './forms.ts'
import type { NetworkForm } from './network-forms.ts'
import type { RunState } from './training-run.ts'
import { canFold, foldRuns, phase, session } from './training-session.ts'
import { leastDifference } from './words.ts'

/** What was learned, folded: what it is made of, how good and how fast, before and after. */
export function FoldSection(): JSX.Element {
  const runs = session.value?.runs ?? []
  const isFolding = runs.some(({ state }) => state.value.isFolding)
  const folded = runs.filter(({ state }) => state.value.result)
  return (
    <section class="panel" aria-labelledby="fold-title">
      <h2 id="fold-title">4. Fold and compare</h2>
      <p>
        The branches were only there to learn with. Folding makes each block one convolution that gives the
        same answers; the network without branches folds its batch normalisations in. Both end as the same
        small network with other weights.
      </p>
      <div class="row">
        <button type="button" disabled={!canFold.value || isFolding} onClick={foldRuns}>
          {isFolding ? 'Folding and measuring…' : 'Fold and compare'}
        </button>
        <span class="muted" role="status">
          {phase.value === 'none' && 'When a run is done or paused.'}
          {phase.value === 'running' && 'Pause, or wait for the end.'}
        </span>
      </div>
      {runs.length > 0 && (
        <div class="columns">
          {runs.map(({ form, state }) => (
            <FoldedRun key={form} form={form} result={state.value.result} />
          ))}
        </div>
      )}
      {runs.length === 2 && (
        <p class="verdict" aria-live="polite">
          {folded.length === 2 && <Verdict results={folded.map(({ state }) => state.value.result!)} />}
        </p>
      )}
    </section>
  )
}

type Result = NonNullable<RunState['result']>

interface FoldedProps {
  readonly form: NetworkForm
  /** Undefined before the first fold: its rows are there, so that nothing moves. */
  readonly result: RunState['result']
}

function FoldedRun({ form, result }: FoldedProps): JSX.Element {
  const name = form === 'branches' ? 'trained-with-branches' : 'trained-without-branches'
  const { trained, folded } = result?.report ?? {}
  const rows: readonly [string, (form: FormFacts) => string][] = [
    ['parameters', ({ params }) => count(params)],
    ['nodes', ({ nodes }) => count(nodes)],
    ['right', ({ accuracy }) => percent(accuracy)],
    ['one picture', ({ ms }) => milliseconds(ms)],
  ]
  const use = (file: Uint8Array<ArrayBuffer>): void => {
    choose({ file: new File([file], `${name}.safetensors`) })
    location.hash = '#classify'
  }
  return (
    <div class={`folded ${form}`} data-folded={result && form} data-error={result?.report.maxAbsError}>
      <h3 class="key">{formNames[form]}</h3>
      <table>
        <thead>
          <tr>
            <th scope="col">{result ? `after step ${count(result.step)}` : 'not folded yet'}</th>
            <th scope="col" class="numeric">
              as trained
            </th>
            <th scope="col" class="numeric">
              folded
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([row, format]) => (
            <tr key={row}>
              <th scope="row">{row}</th>
              <td class="numeric">{trained ? format(trained) : '–'}</td>
              <td class="numeric">{folded ? format(folded) : '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="muted measured">{result && wordsOf(result)}</p>
      <div class="row">
        <button type="button" disabled={!result} onClick={() => result && use(result.folded)}>
          Use it
        </button>
        <button
          type="button"
          class="plain"
          disabled={!result}
          onClick={() => result && saveFile(`${name}.folded.safetensors`, result.folded)}
        >
          Save folded
        </button>
        <button
          type="button"
          class="plain"
          disabled={!result}
          onClick={() => result && saveFile(`${name}.safetensors`, result.trained)}
        >
          Save trained
        </button>
      </div>
    </div>
  )
}

function wordsOf({ report }: Result): string {
  const { foldMs, held, maxAbsError, maxAbsLogit, changed } = report
  const classes = changed === 0 ? 'no picture changes class' : `${changed} of them change class`
  return (
    `Folded in ${milliseconds(foldMs)}. Over ${count(held)} held-out pictures an output differs by at most ` +
    `${maxAbsError.toExponential(1)}, where outputs go up to ${maxAbsLogit.toFixed(1)}; ${classes}. ` +
    'Times: WebAssembly, one thread, median.'
  )
}

function Verdict({ results }: { readonly results: readonly Result[] }): JSX.Element {
  const [branches, plain] = results.map(({ report }) => report) as [FoldReport, FoldReport]
  const difference = branches.folded.accuracy - plain.folded.accuracy
  const least = leastDifference(plain.folded.accuracy, plain.held)
  const points = (value: number): string => (100 * value).toFixed(1)
  return (
    <>
      With branches {points(Math.abs(difference))} points {difference < 0 ? 'fewer' : 'more'} are right. With{' '}
      {count(plain.held)} held-out pictures less than about {points(least)} points may be luck, and so may one
      seed:{' '}
      {Math.abs(difference) < least
        ? 'this run does not tell the two apart. The paper finds its gain on a million pictures; so small a set rarely shows it.'
        : 'try other seeds before you believe it.'}
    </>
  )
}
