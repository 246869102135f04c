/** @jsxImportSource preact */

import { percent } from '@mobileone/site-kit/format'
import { ScrollRegion } from '@mobileone/site-kit/scroll-region'
import type { JSX } from 'preact'
import { formNames } from './forms.ts'
import type { Point } from './series.ts'
import type { TrainingRun } from './training-run.ts'

/** The numbers of the charts: a row for each look at the held-out pictures. */
export function NumbersTable({ runs }: { readonly runs: readonly TrainingRun[] }): JSX.Element {
  const steps = [
    ...new Set(runs.flatMap(({ state }) => state.value.accuracies.map(({ step }) => step))),
  ].sort((a, b) => a - b)
  return (
    <details class="numbers">
      <summary>The same in numbers</summary>
      {steps.length === 0 ? (
        <p class="muted">Nothing has been measured yet.</p>
      ) : (
        <ScrollRegion label="Loss and accuracy by step">
          <table>
            <thead>
              <tr>
                <th scope="col">step</th>
                {runs.map(({ form }) => [
                  <th key={`${form} loss`} scope="col" class="numeric">
                    {formNames[form]}: loss
                  </th>,
                  <th key={`${form} right`} scope="col" class="numeric">
                    right
                  </th>,
                ])}
              </tr>
            </thead>
            <tbody>
              {steps.map((step) => (
                <tr key={step}>
                  <th scope="row">{step}</th>
                  {runs.map(({ form, state: { value } }) => {
                    const accuracy = value.accuracies.find((point) => point.step === step)?.value
                    return [
                      <td key={`${form} loss`} class="numeric">
                        {lossAt(value.losses, step)?.toFixed(3) ?? '–'}
                      </td>,
                      <td key={`${form} right`} class="numeric">
                        {accuracy === undefined ? '–' : percent(accuracy)}
                      </td>,
                    ]
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
    </details>
  )
}

/** The mean of the last few losses up to `step`. */
function lossAt(losses: readonly Point[], step: number): number | undefined {
  const near = losses.filter((point) => point.step <= step).slice(-8)
  return near.length === 0 ? undefined : near.reduce((sum, { value }) => sum + value, 0) / near.length
}
