/** @jsxImportSource preact */
import { reportJson, reportMarkdown, reportSvg } from '@mobileone/measure'
import { saveFile } from '@mobileone/site-kit/save-file'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { fileName } from '../../reports/report-words.ts'
import { shareLink } from '../../reports/share-link.ts'
import { forgetReport, type KeptReport } from '../../state/reports.ts'

/** Save, share, compare, delete. */
export function ReportActions({ kept: { id, report } }: { readonly kept: KeptReport }): JSX.Element {
  const [link, setLink] = useState('')
  const [said, setSaid] = useState('')
  const save = (ending: string, type: string, text: string): void => {
    saveFile(`${fileName(report)}.${ending}`, new Blob([text], { type }))
  }
  const copy = async (text: string, what: string): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text)
      setSaid(`${what} is copied.`)
    } catch {
      setSaid('This browser lets nothing be copied here: select it by hand.')
    }
  }
  const share = async (): Promise<void> => {
    const address = await shareLink(report)
    setLink(address)
    await copy(address, 'The link')
  }
  return (
    <>
      <div class="row">
        <button type="button" onClick={() => void share()}>
          Share as a link
        </button>
        <button
          type="button"
          class="quiet"
          onClick={() => save('json', 'application/json', reportJson(report))}
        >
          Save the report
        </button>
        <button type="button" class="quiet" onClick={() => save('svg', 'image/svg+xml', reportSvg(report))}>
          Save a picture
        </button>
        <button
          type="button"
          class="quiet"
          onClick={() => void copy(reportMarkdown(report), 'The table, as Markdown,')}
        >
          Copy as Markdown
        </button>
        <a class="button quiet" href={`#compare/${id}`}>
          Compare
        </a>
        <button
          type="button"
          class="plain"
          onClick={() => {
            forgetReport(id)
            location.hash = 'report'
          }}
        >
          Delete
        </button>
      </div>
      {link !== '' && (
        <label class="field">
          <span>The link holds the figures, not the single runs; nothing is stored elsewhere.</span>
          <input type="text" readOnly value={link} onFocus={({ currentTarget }) => currentTarget.select()} />
        </label>
      )}
      <p class="said small muted" role="status">
        {said}
      </p>
    </>
  )
}
