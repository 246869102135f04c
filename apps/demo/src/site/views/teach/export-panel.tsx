/** @jsxImportSource preact */

import { saveFile } from '@mobileone/site-kit/save-file'
import { ScrollRegion } from '@mobileone/site-kit/scroll-region'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { engine } from '../../state/engine.ts'
import { exportChoices, makeFile } from './export-file.ts'
import { learned } from './learning.ts'
import { report } from './taught.ts'

/** Takes what was learned elsewhere: the head alone, or the whole network. */
export function ExportPanel(): JSX.Element {
  const [chosen, setChosen] = useState(exportChoices[0]!)
  const [isBusy, setBusy] = useState(false)
  const [isCopied, setCopied] = useState(false)
  const using = learned.value
  const snippet = chosen.snippet?.(engine.value.choice.model)
  const save = async (): Promise<void> => {
    if (!using) return
    setBusy(true)
    report(undefined)
    try {
      const { name, bytes } = await makeFile(chosen.format, using)
      saveFile(name, bytes)
    } catch (error) {
      report((error as Error).message)
    }
    setBusy(false)
  }
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(snippet ?? '')
      setCopied(true)
      setTimeout(() => setCopied(false), 2000)
    } catch {
      report('This browser does not let the page copy. Select the text and copy it yourself.')
    }
  }
  return (
    <section class="panel" aria-labelledby="export-title">
      <h3 id="export-title">Use it elsewhere</h3>
      <div class="row export">
        <label class="labelled">
          <span class="hidden">What to export</span>
          <select
            class="export-choice"
            value={chosen.format}
            onChange={({ currentTarget }) => {
              const found = exportChoices.find(({ format }) => format === currentTarget.value)
              if (found) setChosen(found)
            }}
          >
            {exportChoices.map(({ format, title }) => (
              <option key={format} value={format}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <button type="button" disabled={!using || isBusy} onClick={() => void save()}>
          {isBusy ? 'Making it…' : 'Save'}
        </button>
      </div>
      <p class="muted">
        {!using && 'Teach two classes first. '}
        {chosen.description}
      </p>
      {snippet && (
        <div class="snippet">
          <span class="muted">Code that loads it</span>
          <button type="button" class="plain" onClick={() => void copy()}>
            {isCopied ? 'Copied' : 'Copy'}
          </button>
          <ScrollRegion label="Code that loads it">
            <pre>
              <code>{snippet}</code>
            </pre>
          </ScrollRegion>
        </div>
      )}
    </section>
  )
}
