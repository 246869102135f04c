/** @jsxImportSource preact */
import { busyReason, type Report, reportJson } from '@mobileone/measure'
import { type StudyName, studies, studyMarkdown, studySvg } from '@mobileone/measure/studies'
import { Notice } from '@mobileone/site-kit/notice'
import { saveFile } from '@mobileone/site-kit/save-file'
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { PlotFigure } from '../../parts/plot-figure.tsx'
import { StudyTable } from '../../parts/study-table.tsx'

interface Props {
  readonly name: StudyName
  readonly report: Report
}

/** What a study says to what was measured so far. */
export function StudyResults({ name, report }: Props): JSX.Element | null {
  const study = studies[name]
  const { findings, tables, plots, gaps } = useMemo(() => study.read(report), [study, report])
  const busy = busyReason(report)
  const save = (ending: string, text: string): void =>
    saveFile(`study-${name}.${ending}`, new TextEncoder().encode(text))
  return (
    <>
      {busy && (
        <Notice title="The device was busy with other work">Trust ratios more than times: {busy}.</Notice>
      )}
      {findings.length > 0 && (
        <section class="panel" aria-labelledby="findings-title">
          <h3 id="findings-title">What it says</h3>
          <ul class="findings">
            {findings.map((finding) => (
              <li key={finding}>{finding}</li>
            ))}
          </ul>
        </section>
      )}
      {plots.length > 0 && (
        <section class="panel" aria-labelledby="plots-title">
          <h3 id="plots-title">Plots</h3>
          <div class={plots[0]?.kind === 'scatter' ? 'plots wide' : 'plots'}>
            {plots.map((plot) => (
              <PlotFigure key={plot.title} plot={plot} />
            ))}
          </div>
        </section>
      )}
      {tables.length > 0 && (
        <section class="panel" aria-labelledby="tables-title">
          <h3 id="tables-title">Figures</h3>
          {tables.map((table) => (
            <StudyTable key={table.title} table={table} />
          ))}
        </section>
      )}
      {gaps.length > 0 && (
        <section class="panel" aria-labelledby="gaps-title">
          <h3 id="gaps-title">What is missing</h3>
          <ul class="findings muted">
            {gaps.map((gap) => (
              <li key={gap}>{gap}</li>
            ))}
          </ul>
        </section>
      )}
      <div class="row">
        <button type="button" class="quiet" onClick={() => save('json', reportJson(report))}>
          Save as JSON
        </button>
        <button type="button" class="quiet" onClick={() => save('md', studyMarkdown(study, report))}>
          Save as Markdown
        </button>
        {plots.length > 0 && (
          <button type="button" class="quiet" onClick={() => save('svg', studySvg(study, report))}>
            Save plots
          </button>
        )}
      </div>
    </>
  )
}
