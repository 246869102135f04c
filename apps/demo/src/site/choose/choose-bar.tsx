/** @jsxImportSource preact */
import type { ComponentType, JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import './choose.css'
import { Notice } from '@mobileone/site-kit/notice'
import { engine } from '../state/engine.ts'
import { provideChooser } from './chooser.ts'
import { LoadingLine, StatusLine } from './status-line.tsx'
import { onWhat } from './status-words.ts'

/** Which model runs on what: one bar of a fixed height, which opens the dialog of everything that can be chosen. */
export function ChooseBar(): JSX.Element {
  const { status, choice, title } = engine.value
  const dialog = useRef<HTMLDialogElement>(null)
  const [Panel, setPanel] = useState<ComponentType>()
  const [isOpen, setOpen] = useState(false)
  const [failure, setFailure] = useState<Error>()
  const open = async (): Promise<void> => {
    setOpen(true)
    dialog.current?.showModal()
    try {
      const { ChoosePanel } = await import('./choose-panel.tsx')
      setPanel(() => ChoosePanel)
    } catch (error) {
      setFailure(error as Error)
    }
  }
  useEffect(() => provideChooser(open), [])
  return (
    <section class="choose" aria-label="Model" data-engine={status}>
      <div class="choose-bar">
        <button
          type="button"
          class="quiet choose-open"
          aria-haspopup="dialog"
          aria-expanded={isOpen}
          onClick={open}
        >
          <span class="choose-names">
            <strong>{title}</strong>
            <span class="muted">{onWhat(choice)}</span>
          </span>
          <span class="choose-change">Change</span>
        </button>
        <StatusLine />
      </div>
      <LoadingLine />
      <dialog
        ref={dialog}
        class="choose-dialog"
        aria-labelledby="choose-title"
        onClose={() => setOpen(false)}
        closedby="any"
      >
        <div class="choose-sheet">
          <h2 id="choose-title" class="hidden">
            Model and machine
          </h2>
          <header class="choose-head">
            <div class="choose-now">
              <strong>{title}</strong>
              {isOpen && <StatusLine />}
              <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
                Close
              </button>
            </div>
            <LoadingLine />
          </header>
          {isOpen && Panel && <Panel />}
          {!Panel && failure && (
            <Notice kind="error" title="This part of the page could not be loaded">
              {failure.message}. Reload the page when there is a network.
            </Notice>
          )}
        </div>
      </dialog>
    </section>
  )
}
