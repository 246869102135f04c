/** @jsxImportSource preact */
import { type StudyName, studies } from '@mobileone/measure/studies'
import { Notice } from '@mobileone/site-kit/notice'
import { takeFiles } from '@mobileone/site-kit/take-files'
import type { JSX } from 'preact'
import { CancelledNotice, RunControls } from '../../parts/run-controls.tsx'
import { device } from '../../state/device.ts'
import { leftText } from '../run/run-words.ts'
import {
  busyStudy,
  cancel,
  choice,
  chosenNetworks,
  goOn,
  hold,
  lanesOf,
  open,
  protocolOf,
  runOf,
  start,
} from './study-state.ts'

/** Starts a study, tells how far it is, holds and ends it. */
export function StudyPanel({ name }: { readonly name: StudyName }): JSX.Element {
  const { status, failure, report } = runOf(name)
  const isBusy = busyStudy.value === name
  return (
    <section class="panel study-panel" aria-label="The measurement" data-status={status}>
      {isBusy ? <Running name={name} /> : <Ready name={name} />}
      {status === 'failed' && (
        <Notice kind="error" title="That did not work">
          {failure}
        </Notice>
      )}
      {status === 'cancelled' && (
        <CancelledNotice
          hasResults={report !== undefined && report.results.length > 0}
          kept="What was measured until then is below, and what is missing is named."
        />
      )}
    </section>
  )
}

function Ready({ name }: { readonly name: StudyName }): JSX.Element {
  const lanes = lanesOf(choice.value, device.value.noGpu)
  const runnable = lanes.filter(({ refusal }) => refusal === undefined).length
  const networks = chosenNetworks(name, choice.value)
  const { rounds } = protocolOf(choice.value)
  const other = busyStudy.value
  const count = (value: number, one: string): string => `${value} ${one}${value === 1 ? '' : 's'}`
  return (
    <div class="row">
      <button
        type="button"
        disabled={other !== undefined || networks.length === 0 || runnable === 0}
        onClick={() => void start(name)}
      >
        {runOf(name).status === 'idle' ? 'Measure' : 'Measure again'}
      </button>
      <label class="button quiet open-report">
        Open a saved report
        <input
          type="file"
          accept=".json,application/json"
          disabled={other !== undefined}
          onChange={({ currentTarget }) => {
            const [file] = takeFiles(currentTarget)
            if (file) void open(name, file)
          }}
        />
      </label>
      <p class={runnable > 0 ? 'muted' : 'bad'} role="status">
        {other
          ? `The study "${studies[other].title}" is being measured: one at a time.`
          : networks.length === 0
            ? 'The networks of this study are not in this version.'
            : runnable === 0
              ? 'Nobody who is chosen runs here.'
              : `${count(networks.length, 'network')}, ${count(runnable, 'contender')}, ${rounds} runs of each on one thread. Leave this tab in front, and the device alone.`}
      </p>
    </div>
  )
}

function Running({ name }: { readonly name: StudyName }): JSX.Element {
  const { status, progress } = runOf(name)
  const isPaused = status === 'paused'
  const left = progress?.secondsLeft
  return (
    <>
      <progress max={1} value={progress?.share ?? 0} aria-label="Progress of the study" />
      <div class="row">
        <p role="status">
          {isPaused ? 'Paused' : (progress?.phase.replace(/ ×1 in browser$/, '') ?? 'Starting')}
        </p>
        <p class="muted numeric study-left">{left !== undefined && !isPaused ? leftText(1000 * left) : ''}</p>
      </div>
      <RunControls isPaused={isPaused} hold={hold} goOn={goOn} cancel={cancel} />
    </>
  )
}
