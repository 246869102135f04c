/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { engine, reloadEngine } from '../state/engine.ts'
import { bytes, percent } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'

/** Which model runs on what. */
export function ChooseBar(): JSX.Element {
  const { status, choice, classifier, progress, error } = engine.value
  return (
    <section class="choose" aria-label="Model" data-engine={status}>
      <p role="status">
        {choice.model}: {status}
        {progress && ` ${progress.phase} ${percent(progress.fraction ?? 0, 0)}`}
        {classifier && ` ${classifier.features.join(', ')} ${bytes(classifier.memory.bytes)}`}
      </p>
      {error && (
        <Notice kind="error" title="The model could not be loaded">
          {error.message}{' '}
          <button type="button" class="plain" onClick={reloadEngine}>
            Try again
          </button>
        </Notice>
      )}
    </section>
  )
}
