/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { download, engine } from '../state/engine.ts'
import { weightsLicence } from '../state/models.ts'
import { act } from './act.ts'
import { actionTitles, statusWords } from './status-words.ts'

/** How the model is, in one line, with what can be done about it. */
export function StatusLine(): JSX.Element {
  const state = engine.value
  const { text, detail, isError, hasLicence, actions } = statusWords(state, download.value)
  return (
    <div class="choose-status">
      <p class={isError ? 'bad' : undefined} title={isError ? detail : undefined}>
        <span role="status" class="choose-text">
          {text}
        </span>{' '}
        {detail && <span class="muted choose-detail">{detail}</span>}
        {hasLicence && (
          <span class="muted">
            under{' '}
            <a href={weightsLicence} target="_blank" rel="noreferrer">
              Apple's licence
            </a>
          </span>
        )}
      </p>
      <div class="choose-actions">
        {actions.map((action, index) => (
          <button
            key={action}
            type="button"
            class={index > 0 || action === 'cancel' ? 'quiet' : undefined}
            onClick={() => act(action)}
          >
            {actionTitles[action]}
          </button>
        ))}
      </div>
    </div>
  )
}

/** Where loading is: a line that is always there, so that nothing moves. */
export function LoadingLine(): JSX.Element {
  const { status, progress } = engine.value
  const isLoading = status === 'loading'
  return (
    <progress
      class="choose-progress"
      data-idle={isLoading ? undefined : ''}
      aria-label="Loading the model"
      aria-hidden={isLoading ? undefined : 'true'}
      max={1}
      value={isLoading ? (progress?.fraction ?? 0) : 0}
    />
  )
}
