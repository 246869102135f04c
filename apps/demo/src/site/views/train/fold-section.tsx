/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { choose } from '../../state/choice.ts'
import { count, milliseconds, percent } from '../../ui/format.ts'
import { saveFile } from '../../ui/save-file.ts'
import { formNames } from './forms.ts'
import type { RunState, TrainingRun } from './training-run.ts'
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
      {folded.length > 0 && (
        <div class="columns">
          {folded.map((run) => (
            <FoldedRun key={run.form} run={run} result={run.state.value.result!} />
          ))}
        </div>
      )}
      {folded.length === 2 && <Verdict results={folded.map(({ state }) => state.value.result!)} />}
    </section>
  )
}

interface FoldedProps {
  readonly run: TrainingRun
  readonly result: NonNullable<RunState['result']>
}

function FoldedRun({ run, result }: FoldedProps): JSX.Element {
  const { trained, folded, maxAbsError, maxAbsLogit, changed, held, foldMs } = result.report
  const name = run.form === 'branches' ? 'trained-with-branches' : 'trained-without-branches'
  const use = (): void => {
    choose({ file: new File([result.folded], `${name}.safetensors`) })
    location.hash = '#classify'
  }
  return (
    <div class={`folded ${run.form}`} data-folded={run.form} data-error={maxAbsError}>
      <h3 class="key">{formNames[run.form]}</h3>
      <table>
        <thead>
          <tr>
            <th scope="col">after step {count(result.step)}</th>
            <th scope="col" class="numeric">
              as trained
            </th>
            <th scope="col" class="numeric">
              folded
            </th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">parameters</th>
            <td class="numeric">{count(trained.params)}</td>
            <td class="numeric">{count(folded.params)}</td>
          </tr>
          <tr>
            <th scope="row">nodes</th>
            <td class="numeric">{trained.nodes}</td>
            <td class="numeric">{folded.nodes}</td>
          </tr>
          <tr>
            <th scope="row">right</th>
            <td class="numeric">{percent(trained.accuracy)}</td>
            <td class="numeric">{percent(folded.accuracy)}</td>
          </tr>
          <tr>
            <th scope="row">one picture</th>
            <td class="numeric">{milliseconds(trained.ms)}</td>
            <td class="numeric">{milliseconds(folded.ms)}</td>
          </tr>
        </tbody>
      </table>
      <p class="muted">
        Folded in {milliseconds(foldMs)}. Over {count(held)} held-out pictures an output differs by at most{' '}
        {maxAbsError.toExponential(1)}, where outputs go up to {maxAbsLogit.toFixed(1)};{' '}
        {changed === 0 ? 'no picture changes' : `${changed} of them change`} class. Time: WebAssembly, one
        thread, median.
      </p>
      <div class="row">
        <button type="button" onClick={use}>
          Use it here
        </button>
        <button
          type="button"
          class="plain"
          onClick={() => saveFile(`${name}.folded.safetensors`, result.folded)}
        >
          Save folded
        </button>
        <button type="button" class="plain" onClick={() => saveFile(`${name}.safetensors`, result.trained)}>
          Save as trained
        </button>
      </div>
    </div>
  )
}

function Verdict({ results }: { readonly results: readonly NonNullable<RunState['result']>[] }): JSX.Element {
  const [branches, plain] = results.map(({ report }) => report) as [
    FoldedProps['result']['report'],
    FoldedProps['result']['report'],
  ]
  const difference = branches.folded.accuracy - plain.folded.accuracy
  const least = leastDifference(plain.folded.accuracy, plain.held)
  const points = (value: number): string => (100 * value).toFixed(1)
  return (
    <p>
      With branches {points(Math.abs(difference))} points {difference < 0 ? 'fewer' : 'more'} are right. With{' '}
      {count(plain.held)} held-out pictures less than about {points(least)} points may be luck, and so may one
      seed:{' '}
      {Math.abs(difference) < least
        ? 'this run does not tell the two apart. The paper finds its gain on a million pictures; so small a set rarely shows it.'
        : 'try other seeds before you believe it.'}
    </p>
  )
}
