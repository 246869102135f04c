/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { takeUpdate, update } from './installation.ts'

/** Says that a newer page is there; what is open stays until the visitor asks for it. */
export function UpdateNotice(): JSX.Element {
  return (
    <div role="status">
      {update.value !== 'none' && (
        <div class="toast">
          <span>A new version of this page is there.</span>
          <button type="button" class="quiet" onClick={takeUpdate}>
            Reload
          </button>
        </div>
      )}
    </div>
  )
}
