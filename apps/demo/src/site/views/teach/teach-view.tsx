/** @jsxImportSource preact */

import { Notice } from '@mobileone/site-kit/notice'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { engine } from '../../state/engine.ts'
import { useCamera } from '../../ui/use-camera.ts'
import { ClassCard } from './class-card.tsx'
import { ExportPanel } from './export-panel.tsx'
import { KeepPanel } from './keep-panel.tsx'
import { restoreKept } from './kept-project.ts'
import { learnAgain, learning, startLearning } from './learning.ts'
import { limits } from './project.ts'
import { QualityPanel } from './quality-panel.tsx'
import { stopRecording } from './recording.ts'
import { newClass, problem, project, report, undo } from './taught.ts'
import './teach.css'
import { TeachToolbar } from './teach-toolbar.tsx'
import { hasWorkerFailed } from './teach-worker-client.ts'
import { ToyNotice } from './toy-notice.tsx'
import { TryPanel } from './try-panel.tsx'

/** The visitor's own classes, from a camera or files. */
export default function TeachView(): JSX.Element {
  const camera = useCamera()
  useEffect(() => {
    startLearning()
    void restoreKept()
    return stopRecording
  }, [])
  useEffect(undoByKeyboard, [])
  useEffect(refuseStrayFiles, [])
  const { classes } = project.value
  return (
    <div class="teach">
      <header class="lead">
        <div>
          <h2>Teach it your own classes</h2>
          <p class="text muted">
            Show a few examples of two things or more. It learns within a second, here in this tab: no picture
            is sent anywhere.
          </p>
        </div>
        <TeachToolbar />
      </header>
      <ToyNotice />
      <Problems />
      <div class="bench">
        <div class="work">
          <div class="classes">
            {classes.map(({ id }) => (
              <ClassCard key={id} classId={id} camera={camera} />
            ))}
            <button
              type="button"
              class="quiet add"
              onClick={newClass}
              disabled={classes.length >= limits.classes}
            >
              Add a class
            </button>
          </div>
          <div class="below columns">
            <ExportPanel />
            <KeepPanel />
          </div>
        </div>
        <div class="side">
          <TryPanel camera={camera} />
          <QualityPanel />
        </div>
      </div>
    </div>
  )
}

function Problems(): JSX.Element {
  const { status } = engine.value
  const now = learning.value
  return (
    <>
      {problem.value && (
        <Notice kind="error" title="That did not work">
          {problem.value}{' '}
          <button type="button" class="plain" onClick={() => report(undefined)}>
            Dismiss
          </button>
        </Notice>
      )}
      {now.is === 'failed' && (
        <Notice kind="error" title="Learning stopped">
          {now.message}{' '}
          <button type="button" class="plain" onClick={learnAgain}>
            Try again
          </button>
        </Notice>
      )}
      {hasWorkerFailed.value && (
        <Notice kind="error" title="The part of the page that learns could not be loaded">
          Go online and reload the page. What you keep in this browser comes back.
        </Notice>
      )}
      {now.is === 'unsuited' && (
        <Notice kind="error" title="This model has nothing to learn from">
          It does not end in a linear layer, so it gives no features. Choose another model above; your
          examples stay.
        </Notice>
      )}
      {now.is === 'without-model' && status === 'idle' && (
        <Notice title="No model is chosen">Choose one above; your examples stay.</Notice>
      )}
    </>
  )
}

function undoByKeyboard(): () => void {
  const onKey = (event: KeyboardEvent): void => {
    const isText = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement
    if (isText || event.key !== 'z' || !(event.ctrlKey || event.metaKey) || event.shiftKey) return
    event.preventDefault()
    undo()
  }
  document.addEventListener('keydown', onKey)
  return () => document.removeEventListener('keydown', onKey)
}

/** A file that misses every place for it must not replace the page. */
function refuseStrayFiles(): () => void {
  const refuse = (event: DragEvent): void => {
    if (event.defaultPrevented || !event.dataTransfer?.types.includes('Files')) return
    event.preventDefault()
    if (event.type === 'dragover') event.dataTransfer.dropEffect = 'none'
  }
  document.addEventListener('dragover', refuse)
  document.addEventListener('drop', refuse)
  return () => {
    document.removeEventListener('dragover', refuse)
    document.removeEventListener('drop', refuse)
  }
}
