/** @jsxImportSource preact */
import { Notice } from '@mobileone/site-kit/notice'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { isLoaded, loadReports, reports } from '../../state/reports.ts'
import { OpenPanel } from './open-panel.tsx'
import { ReportList } from './report-list.tsx'
import { ReportView } from './report-view.tsx'
import './report.css'

/** The reports of this browser, and one of them: `#report/<id>`. */
export default function ReportPage({ rest }: { readonly rest: string }): JSX.Element {
  useEffect(() => void loadReports(), [])
  const chosen = reports.value.find(({ id }) => String(id) === rest)
  if (chosen) return <ReportView kept={chosen} />
  return (
    <>
      <div class="intro">
        <h2>Reports</h2>
        <p class="lead">
          A report holds every run, with the device, the browser and how it was measured. Save one as a file,
          open it elsewhere, compare it with another, or share its figures as a link.
        </p>
      </div>
      {rest !== '' && isLoaded.value && (
        <Notice kind="error" title="That report is not in this browser">
          It was deleted, or made in another browser. Open its file, or choose one below.
        </Notice>
      )}
      <OpenPanel />
      <ReportList />
    </>
  )
}
