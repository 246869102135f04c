/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { isUntouched, type Project } from './project.ts'
import { recording } from './recording.ts'
import { sampleProject } from './sample-project.ts'
import { clearAll, filesRead, project, replaceProject, report, undo, undoable } from './taught.ts'

/** What concerns all that is taught: undo, samples, clear. */
export function TeachToolbar(): JSX.Element {
  const [isBusy, setBusy] = useState(false)
  const what = undoable.value
  const reading = filesRead.value
  const samples = async (): Promise<void> => {
    setBusy(true)
    try {
      const made: Project = await sampleProject()
      replaceProject(made, 'adding the samples')
    } catch {
      report('The sample pictures could not be loaded. Go online once, or add pictures of your own.')
    }
    setBusy(false)
  }
  return (
    <div class="row toolbar">
      <button
        type="button"
        class="quiet"
        disabled={!what}
        onClick={undo}
        title={what ? `Undo ${what}` : 'Nothing to undo'}
        aria-label={what ? `Undo ${what}` : 'Undo'}
      >
        Undo
      </button>
      {isUntouched(project.value) ? (
        <button type="button" class="quiet" disabled={isBusy} onClick={() => void samples()}>
          Try it with samples
        </button>
      ) : (
        <button type="button" class="quiet" onClick={clearAll}>
          Clear
        </button>
      )}
      <span class="muted" role="status">
        {reading ? `Reading ${reading.done + 1} of ${reading.total} pictures` : ''}
      </span>
      <span class="hidden" role="status">
        {what && !reading && recording.value === undefined ? `Done: ${what}` : ''}
      </span>
    </div>
  )
}
