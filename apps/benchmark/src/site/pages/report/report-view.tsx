/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { RunReport } from '../../parts/run-report.tsx'
import { reportFacts } from '../../reports/report-words.ts'
import type { KeptReport } from '../../state/reports.ts'
import { ReportActions } from './report-actions.tsx'

/** One report: where it comes from, what can be done with it, and all of its figures. */
export function ReportView({ kept }: { readonly kept: KeptReport }): JSX.Element {
  const { title, report } = kept
  const versions = Object.entries(report.versions)
  return (
    <>
      <p class="back">
        <a href="#report">All reports</a>
      </p>
      <section class="panel" aria-labelledby="report-title">
        <h2 id="report-title">{title}</h2>
        <dl class="facts">
          {reportFacts(report).map(([name, value]) => (
            <>
              <dt key={`${name}:`}>{name}</dt>
              <dd key={name}>{value}</dd>
            </>
          ))}
        </dl>
        {versions.length > 0 && (
          <details class="versions">
            <summary>Versions</summary>
            <dl class="facts small">
              {versions.map(([name, version]) => (
                <>
                  <dt key={`${name}:`}>{name}</dt>
                  <dd key={name}>{version}</dd>
                </>
              ))}
            </dl>
          </details>
        )}
        <ReportActions kept={kept} />
      </section>
      <RunReport report={report} />
    </>
  )
}
