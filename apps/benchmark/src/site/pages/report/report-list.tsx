/** @jsxImportSource preact */

import { reportJson } from '@mobileone/measure'
import { Notice } from '@mobileone/site-kit/notice'
import { saveFile } from '@mobileone/site-kit/save-file'
import type { JSX } from 'preact'
import { contentText, dateText, fileName, programText } from '../../reports/report-words.ts'
import {
  forgetReport,
  isLoaded,
  type KeptReport,
  keepTrouble,
  mostReports,
  reports,
} from '../../state/reports.ts'

/** What this browser keeps, the latest first. */
export function ReportList(): JSX.Element {
  const kept = reports.value.toReversed()
  return (
    <section class="panel" aria-labelledby="kept-title">
      <div class="panel-head">
        <h3 id="kept-title">In this browser</h3>
        {kept.length > 0 && <p class="muted small">the last {mostReports} are kept</p>}
      </div>
      {keepTrouble.value !== undefined && (
        <Notice title="Reports are lost when this page is closed">
          The browser does not keep them: {keepTrouble.value}. Save those that you need.
        </Notice>
      )}
      {kept.length === 0 && (
        <p class="empty">
          {isLoaded.value ? (
            <>
              There is no report yet. <a href="#run">Run a benchmark</a>, or open a file.
            </>
          ) : (
            'Looking for reports…'
          )}
        </p>
      )}
      <ul class="kept-reports">
        {kept.map((each) => (
          <Row key={each.id} kept={each} />
        ))}
      </ul>
      {kept.length > 1 && (
        <p class="row">
          <a class="button quiet" href="#compare">
            Compare two
          </a>
        </p>
      )}
    </section>
  )
}

function Row({ kept: { id, title, report } }: { readonly kept: KeptReport }): JSX.Element {
  return (
    <li>
      <a class="kept-name" href={`#report/${id}`}>
        <strong>{title}</strong>
        <span class="muted small">
          {dateText(report.date)}, {programText(report.versions)}
        </span>
        <span class="muted small">{contentText(report)}</span>
      </a>
      <button
        type="button"
        class="quiet"
        aria-label={`Save ${title} as a file`}
        onClick={() => saveFile(`${fileName(report)}.json`, new Blob([reportJson(report)]))}
      >
        Save
      </button>
      <button type="button" class="plain" aria-label={`Delete ${title}`} onClick={() => forgetReport(id)}>
        Delete
      </button>
    </li>
  )
}
