/** @jsxImportSource preact */
import { milliseconds, percent } from '@mobileone/site-kit/format'
import { Notice } from '@mobileone/site-kit/notice'
import { ScrollRegion } from '@mobileone/site-kit/scroll-region'
import { ThemeButton } from '@mobileone/site-kit/theme-button'
import type { JSX } from 'preact'
import type { SuiteResult } from './answer-runner.ts'
import { workloadTitle } from './networks.ts'
import { RunnerGuide } from './runner-guide.tsx'
import { chosen, isFramed, measureHere, predictions, state } from './state.ts'
import { WorkloadForm } from './workload-form.tsx'

const backendTitles = { wasm: 'WebAssembly', webgpu: 'WebGPU' } as const

/** What is measured and what came of it; for a visitor also the options, and how a runner measures it. */
export function WorkloadPage(): JSX.Element {
  const { network, backend } = chosen
  const title = `Image classification with ${workloadTitle(network)} on ${backendTitles[backend]}`
  if (isFramed) {
    return (
      <main>
        <h1 class="framed-title">{title}</h1>
        <Status />
        <Predictions />
      </main>
    )
  }
  return (
    <>
      <header class="top">
        <a class="brand" href="./">
          <img src="./icon.svg" alt="" width="28" height="28" />
          <span>MobileOne benchmark</span>
        </a>
        <ThemeButton />
      </header>
      <main id="main">
        <section class="panel">
          <h1 class="page-title">Workload for browser vendors</h1>
          <p class="muted">
            One picture of 640 × 480 pixels is shrunk, cropped, run through the network and ranked, as an app
            does it. Weights are random, which takes as long as real ones; the answer is checked against the
            naive reference.
          </p>
        </section>
        <div class="columns">
          <section class="panel">
            <h2>{title}</h2>
            <WorkloadForm options={chosen} />
            <div class="row">
              <button type="button" disabled={state.value.phase !== 'ready'} onClick={measureHere}>
                Measure
              </button>
              {(state.value.phase === 'done' || state.value.phase === 'failed') && (
                <button type="button" class="quiet" onClick={() => location.reload()}>
                  Start afresh
                </button>
              )}
            </div>
            <Status />
          </section>
          <section class="panel">
            <h2>What it sees</h2>
            <Predictions />
            {state.value.phase === 'done' && <Steps result={state.value.result} />}
          </section>
        </div>
        <RunnerGuide />
      </main>
    </>
  )
}

function Status(): JSX.Element {
  const now = state.value
  switch (now.phase) {
    case 'preparing':
      return <p role="status">Making the model ready, which is not measured…</p>
    case 'ready':
      return <p role="status">Ready.</p>
    case 'running':
      return (
        <p role="status">
          Step {now.done + 1} of {now.total}
        </p>
      )
    case 'done':
      return (
        <p role="status">
          Done in <strong>{milliseconds(now.result.total)}</strong>. The answer is right.
        </p>
      )
    case 'failed':
      return (
        <Notice kind="error" title="It could not be measured">
          {now.reason}
        </Notice>
      )
    default:
      return now satisfies never
  }
}

function Predictions(): JSX.Element {
  if (predictions.value.length === 0) return <p class="empty">The five best classes will stand here.</p>
  return (
    <ol class="predictions">
      {predictions.value.map(({ label, score, index }) => (
        <li key={index}>
          <span>{label}</span> <span class="numeric">{percent(score, 2)}</span>
        </li>
      ))}
    </ol>
  )
}

function Steps({ result }: { readonly result: SuiteResult }): JSX.Element {
  return (
    <ScrollRegion label="Times of the steps" class="steps">
      <table>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col" class="numeric">
              Time
            </th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(result.steps).map(([name, { total }]) => (
            <tr key={name}>
              <td>{name}</td>
              <td class="numeric">{milliseconds(total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}
