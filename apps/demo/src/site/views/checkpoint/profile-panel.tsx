/** @jsxImportSource preact */

import { bytes, milliseconds, percent } from '@mobileone/site-kit/format'
import { Notice } from '@mobileone/site-kit/notice'
import { ScrollRegion } from '@mobileone/site-kit/scroll-region'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { onWhat } from '../../choose/status-words.ts'
import { choice } from '../../state/choice.ts'
import type { TimedModel } from './checkpoint-facts.ts'
import { bytesOf, gflopsOf, peakShareOf, type SortKey, sortSteps, type TimedStep } from './layer-costs.ts'
import { profileOpened, sentence, timings } from './opened.ts'

/** Where the time of a run goes, layer by layer. */
export function ProfilePanel(): JSX.Element {
  const [fraction, setFraction] = useState<number>()
  const [error, setError] = useState<string>()
  const { backend, threads } = choice.value
  const timed = timings.value
  const isRunning = fraction !== undefined
  useEffect(() => setError(undefined), [backend, threads])
  const run = async (): Promise<void> => {
    setFraction(0)
    setError(undefined)
    try {
      await profileOpened({ backend, threads }, setFraction)
    } catch (cause) {
      setError(sentence((cause as Error).message))
    }
    setFraction(undefined)
  }
  return (
    <section class="panel profile" aria-labelledby="profile-title">
      <header>
        <h2 id="profile-title">Where the time goes</h2>
        <p class="muted">
          The folded network, layer by layer, on {onWhat(choice.value)}. Moved are the bytes of a layer's
          input, output and weights: one that computes little and moves much waits for memory.
        </p>
      </header>
      <div class="row">
        <button type="button" disabled={isRunning} onClick={run}>
          {isRunning ? 'Timing…' : timed ? 'Time the layers again' : 'Time the layers'}
        </button>
        {isRunning && <progress max={1} value={fraction} aria-label="Timing the layers" />}
      </div>
      {error && (
        <Notice kind="error" title="The layers could not be timed">
          {error}
        </Notice>
      )}
      {timed ? <Timed timed={timed} /> : <p class="empty">Nothing has been timed yet.</p>}
    </section>
  )
}

const columns: readonly { readonly key: SortKey; readonly title: string; readonly isNumeric: boolean }[] = [
  { key: 'node', title: 'layer', isNumeric: false },
  { key: 'ms', title: 'time', isNumeric: true },
  { key: 'gflops', title: 'GFLOP/s', isNumeric: true },
  { key: 'bytes', title: 'moved', isNumeric: true },
]

function Timed({ timed }: { readonly timed: TimedModel }): JSX.Element {
  const { steps, ms, peak, features, backend } = timed
  const [key, setKey] = useState<SortKey>('order')
  const macs = steps.reduce((sum, step) => sum + step.macs, 0)
  const moved = steps.reduce((sum, step) => sum + bytesOf(step), 0)
  const rate = ms > 0 ? (2 * macs) / (ms * 1e6) : 0
  const longest = Math.max(...steps.map((step) => step.ms))
  return (
    <>
      <dl class="figures large">
        <div>
          <dt>all layers</dt>
          <dd>{milliseconds(ms)}</dd>
        </div>
        <div>
          <dt>GFLOP/s</dt>
          <dd>{rate.toFixed(1)}</dd>
        </div>
        <div>
          <dt>of what the processor can do</dt>
          <dd>{peak ? percent(rate / peak, 0) : 'not known'}</dd>
        </div>
        <div>
          <dt>moved</dt>
          <dd>{bytes(moved)}</dd>
        </div>
      </dl>
      <p class="muted">
        {[backend, ...features.map((feature) => feature.replace(/;.*/, ''))].join(', ')}; the median of five
        runs on zeros
        {peak
          ? `. The most this processor does here is ${peak.toFixed(0)} GFLOP/s, measured a moment ago`
          : ''}
        .
      </p>
      <ScrollRegion label="Layers and their times" class="tall">
        <table class="layers">
          <thead>
            <tr>
              {columns.map(({ key: own, title, isNumeric }) => (
                <th
                  key={own}
                  scope="col"
                  class={isNumeric ? 'numeric' : ''}
                  aria-sort={key === own ? (own === 'node' ? 'ascending' : 'descending') : undefined}
                >
                  <button type="button" class="plain" onClick={() => setKey(key === own ? 'order' : own)}>
                    {title}
                    <span aria-hidden="true">{key === own ? (own === 'node' ? ' ↑' : ' ↓') : ''}</span>
                  </button>
                </th>
              ))}
              {peak !== undefined && (
                <th scope="col" class="numeric">
                  of peak
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {sortSteps(steps, key).map((step, index) => (
              <Row key={`${step.node} ${step.kernel} ${index}`} step={step} longest={longest} peak={peak} />
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      <p class="muted">A column's name sorts by it, and once more by the order in which the layers run.</p>
    </>
  )
}

function Row({
  step,
  longest,
  peak,
}: {
  readonly step: TimedStep
  readonly longest: number
  readonly peak: number | undefined
}): JSX.Element {
  const rate = gflopsOf(step)
  const share = peak && peakShareOf(step, peak)
  return (
    <tr>
      <th scope="row">
        {step.node}
        <span class="kernel">{step.kernel}</span>
      </th>
      <td class="numeric time">
        {milliseconds(step.ms)} <span class="muted">{percent(step.share)}</span>
        <progress max={longest} value={step.ms} aria-hidden="true" />
      </td>
      <td class="numeric">{rate?.toFixed(1) ?? '–'}</td>
      <td
        class="numeric"
        title={`${bytes(step.activationBytes)} of values, ${bytes(step.weightBytes)} of weights`}
      >
        {bytesOf(step) > 0 ? bytes(bytesOf(step)) : '–'}
      </td>
      {peak !== undefined && <td class="numeric">{share === undefined ? '–' : percent(share, 0)}</td>}
    </tr>
  )
}
