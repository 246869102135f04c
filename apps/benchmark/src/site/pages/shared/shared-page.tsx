/** @jsxImportSource preact */
import { type SharedResult, type SharedSummary, summaryFromText } from '@mobileone/measure'
import { milliseconds } from '@mobileone/site-kit/format'
import { Notice } from '@mobileone/site-kit/notice'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { contenderTitle, isOurs, networkTitle, threadsText } from '../../names.ts'
import { dateText, programText } from '../../reports/report-words.ts'
import './shared.css'

type Read = { readonly summary: SharedSummary } | { readonly failure: string }

/** The figures that a link holds: `#shared/<text>`, to be read only. */
export default function SharedPage({ rest }: { readonly rest: string }): JSX.Element {
  const [read, setRead] = useState<Read>()
  useEffect(() => {
    let isCurrent = true
    setRead(undefined)
    summaryFromText(rest).then(
      (summary) => isCurrent && setRead({ summary }),
      (error: Error) => isCurrent && setRead({ failure: error.message }),
    )
    return () => {
      isCurrent = false
    }
  }, [rest])
  if (!read) return <p class="loading">Reading the link…</p>
  if ('failure' in read) {
    return (
      <Notice kind="error" title="This link cannot be read">
        {read.failure}. <a href="#run">Measure here</a> instead, or <a href="#report">open the file</a> of a
        report.
      </Notice>
    )
  }
  return <Summary summary={read.summary} />
}

function Summary({ summary }: { readonly summary: SharedSummary }): JSX.Element {
  const { date, machine, versions, results } = summary
  const groups = new Map<string, SharedResult[]>()
  for (const result of results) groups.set(result.variant, [...(groups.get(result.variant) ?? []), result])
  return (
    <>
      <div class="intro">
        <h2>Somebody’s measurement</h2>
        <p class="lead">
          These figures come from the link alone: who sent it says so. Single runs are not in it.{' '}
          <a href="#run">Measure on this device</a>
        </p>
      </div>
      <section class="panel" aria-label="Where it was measured">
        <dl class="facts">
          <dt>Measured</dt>
          <dd>{Number.isNaN(Date.parse(date)) ? 'at an unknown time' : dateText(date)}</dd>
          <dt>In</dt>
          <dd>{programText(versions)}</dd>
          <dt>On</dt>
          <dd>
            {machine.platform}, {machine.cores} {machine.cores === 1 ? 'core' : 'cores'}
          </dd>
        </dl>
      </section>
      {[...groups].map(([variant, group]) => (
        <Network key={variant} variant={variant} results={group} />
      ))}
    </>
  )
}

interface NetworkProps {
  readonly variant: string
  readonly results: readonly SharedResult[]
}

function Network({ variant, results }: NetworkProps): JSX.Element {
  const time = ({ ms, loadMs, compileMs, firstMs }: SharedResult): number =>
    ms ?? loadMs + compileMs + firstMs
  const sorted = results.toSorted((a, b) => time(a) - time(b))
  const longest = Math.max(...sorted.map(time))
  const runtimes = new Set(results.map(({ runtime }) => runtime))
  return (
    <section class="panel" aria-label={networkTitle(variant)}>
      <h3>{networkTitle(variant)}</h3>
      <ul class="shared-results">
        {sorted.map((result) => {
          const { contender, threads, runtime, ms, loadMs, compileMs, firstMs } = result
          return (
            <li key={`${contender} ${threads} ${runtime}`} class={isOurs(contender) ? 'ours' : undefined}>
              <span>
                {contenderTitle(contender)}{' '}
                <span class="muted small unbroken">
                  {threadsText(threads)}
                  {runtimes.size > 1 && `, ${runtime}`}
                </span>
              </span>
              <strong class="numeric">{ms === null ? 'starts only' : milliseconds(ms)}</strong>
              <span class="bar" style={{ width: `${(100 * time(result)) / (longest || 1)}%` }} />
              <span class="muted small">
                load {milliseconds(loadMs)}, compile {milliseconds(compileMs)}, first run{' '}
                {milliseconds(firstMs)}
              </span>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
