/** @jsxImportSource preact */
import { Notice } from '@mobileone/site-kit/notice'
import type { JSX } from 'preact'
import { networkTitle } from '../../names.ts'
import { CancelledNotice, RunControls } from '../../parts/run-controls.tsx'
import { device } from '../../state/device.ts'
import { lanesOf, type OwnFileState, protocolOf, refusalOf } from './run-choice.ts'
import { cancel, choice, goOn, hold, isBusy, ownNetwork, run, start } from './run-state.ts'
import { leftText, phaseText } from './run-words.ts'

/** Starts a run, tells how far it is, holds and ends it. */
export function RunPanel(): JSX.Element {
  const { status, failure, report, reportId } = run.value
  return (
    <section class="panel run-panel" aria-label="The run" data-status={status}>
      {isBusy.value ? <Running /> : <Ready />}
      {status === 'failed' && (
        <Notice kind="error" title="The run has failed">
          {failure}
        </Notice>
      )}
      {status === 'cancelled' && (
        <CancelledNotice
          hasResults={report !== undefined && report.results.length > 0}
          kept="What was measured until then is below, and marked as incomplete."
        />
      )}
      {(status === 'done' || status === 'cancelled') && reportId !== undefined && (
        <p class="row">
          <a class="button quiet" href={`#report/${reportId}`}>
            Open as a report
          </a>
          <a href={`#compare/${reportId}`}>Compare with another</a>
        </p>
      )}
    </section>
  )
}

function ownFileState(): OwnFileState {
  const own = ownNetwork.value
  if (!own) return 'absent'
  if (!own.found) return 'reading'
  return 'refusal' in own.found ? 'refused' : 'ready'
}

function Ready(): JSX.Element {
  const current = choice.value
  const lanes = lanesOf(current, device.value)
  const refusal = refusalOf(current, lanes, ownFileState())
  const runnable = lanes.filter((lane) => lane.refusal === undefined).length
  const { rounds, runsPerTurn } = protocolOf(current)
  const count = (value: number, one: string, many: string): string => `${value} ${value === 1 ? one : many}`
  return (
    <div class="row">
      <button type="button" disabled={refusal !== undefined} onClick={() => void start()}>
        {run.value.status === 'idle' ? 'Start' : 'Start again'}
      </button>
      <p class={refusal === undefined ? 'muted' : 'bad'} role="status">
        {refusal ??
          `${count(current.networks.length, 'network', 'networks')}, ${count(runnable, 'contender', 'contenders')}, ${count(rounds * runsPerTurn, 'run', 'runs')} of each. Leave this tab in front, and the device alone.`}
      </p>
    </div>
  )
}

function Running(): JSX.Element {
  const { status, progress } = run.value
  const isPaused = status === 'paused'
  return (
    <>
      <progress max={1} value={progress?.fraction ?? 0} aria-label="Progress of the run" />
      <div class="row">
        <p class="run-phase">{isPaused ? 'Paused' : progress ? phaseText(progress) : 'Starting'}</p>
        {/* Not every round is worth being read out. */}
        <p class="hidden" role="status">
          {isPaused ? 'Paused' : `Measuring ${progress ? networkTitle(progress.variant) : ''}`}
        </p>
        <p class="muted numeric run-left">{progress && !isPaused ? leftText(progress.leftMs) : ''}</p>
      </div>
      <RunControls isPaused={isPaused} hold={hold} goOn={goOn} cancel={cancel} />
    </>
  )
}
