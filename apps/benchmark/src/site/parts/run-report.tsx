/** @jsxImportSource preact */

import { busyReason, groupsOf, type Report, verdictsOf } from '@mobileone/measure'
import { Notice } from '@mobileone/site-kit/notice'
import type { JSX } from 'preact'
import { contenderTitle, laneTitle, networkTitle, threadsText } from '../names.ts'
import { ResultTable } from './result-table.tsx'
import { StripPlot } from './strip-plot.tsx'
import { verdictText } from './verdict-words.ts'
import './run-report.css'

interface Props {
  readonly report: Report
}

/** A report for people: for each network who won, every run, the figures; and what was not measured. */
export function RunReport({ report }: Props): JSX.Element {
  const busy = busyReason(report)
  const verdicts = verdictsOf(report)
  const groups = groupsOf(report)
  return (
    <div class="run-report">
      {busy !== undefined && (
        <Notice title="The device was busy with other things">
          Trust the ratios more than the times:{' '}
          {busy.replace(/ ×(\d+) in browser/, ' on $1 threads').replace(' on 1 threads', '')}.
        </Notice>
      )}
      {groups.map(({ variant, runtime, results }) => (
        <section
          key={`${variant} ${runtime}`}
          class="panel"
          aria-label={networkTitle(variant)}
          data-network={variant}
        >
          <div class="panel-head">
            <h3>{networkTitle(variant)}</h3>
            <p class="muted small">{((results[0]?.macs ?? 0) / 1e9).toFixed(3)} billion multiply-adds</p>
          </div>
          <ul class="verdicts">
            {verdicts
              .filter((verdict) => verdict.variant === variant && verdict.runtime === runtime)
              .map((verdict) => (
                <li key={verdict.threads}>{verdictText(verdict, report)}</li>
              ))}
          </ul>
          {results.map(
            ({ contender, threads, incomplete }) =>
              incomplete !== undefined && (
                <p key={`${contender} ${threads}`} class="bad small">
                  {laneTitle({ contender, threads })}, is incomplete: {incomplete}.
                </p>
              ),
          )}
          <StripPlot results={results} report={report} />
          <ResultTable results={results} report={report} label={`Figures of ${networkTitle(variant)}`} />
        </section>
      ))}
      <NotMeasured report={report} />
    </div>
  )
}

/** What was left out, once for each reason. */
function NotMeasured({ report: { skipped } }: Props): JSX.Element | null {
  if (skipped.length === 0) return null
  const reasons = new Map<string, string[]>()
  for (const { contender, threads, variant, reason } of skipped) {
    const who = `${contenderTitle(contender)}${threads > 1 ? `, ${threadsText(threads)}` : ''} (${networkTitle(variant)})`
    reasons.set(reason, [...(reasons.get(reason) ?? []), who])
  }
  return (
    <section class="panel" aria-labelledby="not-measured">
      <h3 id="not-measured">Not measured</h3>
      <ul class="skipped">
        {[...reasons].map(([reason, who]) => (
          <li key={reason}>
            <strong>{who.join('; ')}</strong>
            <span class="muted">{reason}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}
