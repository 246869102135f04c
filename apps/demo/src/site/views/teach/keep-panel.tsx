/** @jsxImportSource preact */

import { bytes, count } from '@mobileone/site-kit/format'
import { saveFile } from '@mobileone/site-kit/save-file'
import type { JSX } from 'preact'
import { FileButton } from './file-drop.tsx'
import { isKept, isSaved, keep, stopKeeping } from './kept-project.ts'
import { limits } from './project.ts'
import { held, project, replaceProject, report } from './taught.ts'
import { teachWorker } from './teach-worker-client.ts'

/** Where the examples are: in this page, in this browser if the visitor wants, in a file. */
export function KeepPanel(): JSX.Element {
  const { examples } = project.value
  const save = async (): Promise<void> => {
    try {
      saveFile(
        'taught.zip',
        new Blob([await teachWorker().projectFile(project.peek())], { type: 'application/zip' }),
      )
    } catch (error) {
      report((error as Error).message)
    }
  }
  const open = async ([file]: readonly File[]): Promise<void> => {
    if (!file) return
    try {
      replaceProject(await teachWorker().openProject(file), 'opening a project')
    } catch (error) {
      report((error as Error).message)
    }
  }
  return (
    <section class="panel" aria-labelledby="keep-title">
      <h3 id="keep-title">Your examples</h3>
      <p class="muted">
        {count(examples.length)} of {count(limits.examples)} examples, {bytes(held.value)} of{' '}
        {bytes(limits.pictureBytes)} of pictures.{' '}
        {isKept.value
          ? 'They are in this browser, on this device.'
          : 'They are in this tab alone, until you close it.'}
      </p>
      <label class="check">
        <input
          type="checkbox"
          checked={isKept.value}
          onChange={({ currentTarget }) => {
            if (currentTarget.checked) keep()
            else void stopKeeping()
          }}
        />
        <span>
          Keep them in this browser
          <span class="muted" role="status">
            {isKept.value ? (isSaved.value ? ' – kept; clear the box to delete them' : ' – saving…') : ''}
          </span>
        </span>
      </label>
      <p class="muted">Or as a file, a zip with your pictures, which this page opens again:</p>
      <div class="row">
        <button type="button" class="quiet" disabled={examples.length === 0} onClick={() => void save()}>
          Save project
        </button>
        <FileButton accept=".zip,application/zip" label="Open project" onFiles={(files) => void open(files)}>
          Open project
        </FileButton>
      </div>
    </section>
  )
}
