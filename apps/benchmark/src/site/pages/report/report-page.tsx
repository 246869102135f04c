/** @jsxImportSource preact */
import type { JSX } from 'preact'

/** One report: of this visit, of a file, or of a link. */
export default function ReportPage(): JSX.Element {
  return (
    <section class="panel">
      <h2>Report</h2>
      <p class="empty">
        There is no report yet. <a href="#run">Run a benchmark</a> first.
      </p>
    </section>
  )
}
