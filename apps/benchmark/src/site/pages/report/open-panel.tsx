/** @jsxImportSource preact */
import { DropZone } from '@mobileone/site-kit/drop-zone'
import { Notice } from '@mobileone/site-kit/notice'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { type OpenedReport, openFiles, openText } from '../../reports/open-reports.ts'

type Failure = Extract<OpenedReport, { ok: false }>

/** Opens reports out of files, by dialog, drop or paste, and out of pasted text. */
export function OpenPanel(): JSX.Element {
  const [failures, setFailures] = useState<readonly Failure[]>([])
  const show = (opened: readonly OpenedReport[]): void => {
    setFailures(opened.filter((each): each is Failure => !each.ok))
    const done = opened.flatMap((each) => (each.ok ? [each.id] : []))
    if (done.length === 1 && opened.length === 1) location.hash = `report/${done[0]}`
  }
  useEffect(() => {
    const take = (event: ClipboardEvent): void => {
      const text = event.clipboardData?.getData('text/plain') ?? ''
      if ((event.clipboardData?.files.length ?? 0) > 0 || text === '') return
      void openText(text).then((opened) => show([opened]))
    }
    document.addEventListener('paste', take)
    return () => document.removeEventListener('paste', take)
  }, [])
  return (
    <section class="panel" aria-label="Open a report">
      <DropZone
        accept=".json,application/json"
        label="Open a report"
        multiple
        paste
        onFiles={(files) => void openFiles(files).then(show)}
      >
        <p class="muted small">
          Files that this page or <code>npm run bench</code> has saved. Drop them anywhere, or paste one. They
          stay on this device.
        </p>
      </DropZone>
      {failures.map(({ name, reason }, index) => (
        <Notice key={`${index} ${name}`} kind="error" title={`${name} could not be opened`}>
          {sentence(reason)} Look that it is a whole file that a benchmark has saved.
        </Notice>
      ))}
    </section>
  )
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}
