/** @jsxImportSource preact */

import { count, percent } from '@mobileone/site-kit/format'
import { Notice } from '@mobileone/site-kit/notice'
import type { JSX } from 'preact'
import { formNames, formsOf } from './forms.ts'
import { LineChart } from './line-chart.tsx'
import type { NetworkForm } from './network-forms.ts'
import { NumbersTable } from './numbers-table.tsx'
import type { RunState } from './training-run.ts'
import { pauseRuns, phase, resumeRuns, session, settings, stopRuns } from './training-session.ts'
import { adviceOn, timeLeft } from './words.ts'

/** The runs as they go: how far, loss and accuracy, and the buttons. */
export function ProgressSection(): JSX.Element {
  const runs = session.value?.runs ?? []
  const steps = runs[0]?.steps ?? 0
  const chance = 1 / (session.value?.data.labels.length ?? 10)
  const lines = (values: (state: RunState) => RunState['losses']) =>
    runs.map(({ form, state }) => ({ name: formNames[form], kind: form, points: values(state.value) }))
  return (
    <section class="panel" aria-labelledby="progress-title" data-phase={phase.value}>
      <div class="row apart">
        <h2 id="progress-title">3. Training</h2>
        <div class="row">
          {phase.value === 'paused' ? (
            <button type="button" onClick={resumeRuns}>
              Resume
            </button>
          ) : (
            <button type="button" class="quiet" disabled={phase.value !== 'running'} onClick={pauseRuns}>
              Pause
            </button>
          )}
          <button
            type="button"
            class="quiet"
            disabled={phase.value !== 'running' && phase.value !== 'paused'}
            onClick={stopRuns}
          >
            Stop
          </button>
        </div>
      </div>
      <div class="runs">
        {session.value
          ? runs.map(({ form, steps, state }) => (
              <RunLine key={form} form={form} steps={steps} chance={chance} state={state.value} />
            ))
          : formsOf(settings.value).map((form) => <RunLine key={form} form={form} chance={chance} />)}
      </div>
      <div class="charts">
        <LineChart
          title="Loss, on the pictures it learns from"
          lines={lines(({ losses }) => losses)}
          steps={steps}
          format={(value) => value.toFixed(1)}
          smooth
          empty="falls as it learns"
        />
        <LineChart
          title="Right, of the held-out pictures"
          lines={lines(({ accuracies }) => accuracies)}
          steps={steps}
          range={[0, 1]}
          format={(value) => percent(value, 0)}
          reference={{ value: chance, name: 'guessing' }}
          empty="rises as it learns"
        />
      </div>
      <NumbersTable runs={runs} />
    </section>
  )
}

interface RunProps {
  readonly form: NetworkForm
  readonly steps?: number
  /** The part that guessing gets right, of 1. */
  readonly chance: number
  readonly state?: RunState
}

function RunLine({ form, steps = 0, chance, state }: RunProps): JSX.Element {
  const { step = 0, imagesPerSecond, network, error } = state ?? {}
  const accuracy = state?.accuracies.at(-1)?.value
  const facts = [
    ['right', accuracy === undefined ? '–' : percent(accuracy)],
    ['step', state ? count(step) : '–'],
    ['pictures/s', imagesPerSecond === undefined ? '–' : count(Math.round(imagesPerSecond))],
    ['parameters', network ? count(network.params) : '–'],
  ]
  return (
    <div class={`run ${form}`} data-run={form} data-status={state?.status ?? 'none'} data-step={step}>
      <strong class="key">{formNames[form]}</strong>
      <span class="muted">{state ? describe(state) : 'not started'}</span>
      <progress max={Math.max(1, steps)} value={step} aria-label={formNames[form]} />
      <dl class="live">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {state?.status === 'done' && accuracy !== undefined && accuracy < 1.2 * chance && (
        <Notice title="It has learned next to nothing">
          It is hardly better than guessing. Train longer, or with another learning rate.
        </Notice>
      )}
      {error && (
        <Notice kind="error" title="This run has ended">
          {adviceOn(error)}
        </Notice>
      )}
    </div>
  )
}

function describe({ status, epoch, secondsLeft }: RunState): string {
  switch (status) {
    case 'starting':
      return 'starting TensorFlow.js…'
    case 'running':
      return `epoch ${epoch}${secondsLeft === undefined ? '' : `, ${timeLeft(secondsLeft)}`}`
    case 'pausing':
      return 'pausing after this step…'
    case 'paused':
      return `paused in epoch ${epoch}`
    case 'done':
      return 'done'
    case 'stopped':
      return 'stopped'
    case 'failed':
      return 'failed'
    default:
      return status satisfies never
  }
}
