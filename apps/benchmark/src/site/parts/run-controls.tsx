/** @jsxImportSource preact */
import { Notice } from '@mobileone/site-kit/notice'
import type { JSX } from 'preact'

interface Props {
  readonly isPaused: boolean
  readonly hold: () => void
  readonly goOn: () => void
  readonly cancel: () => void
}

/** Holds and ends what is being measured. */
export function RunControls({ isPaused, hold, goOn, cancel }: Props): JSX.Element {
  return (
    <div class="row">
      <button type="button" class={isPaused ? undefined : 'quiet'} onClick={isPaused ? goOn : hold}>
        {isPaused ? 'Go on' : 'Pause'}
      </button>
      <button type="button" class="quiet" onClick={cancel}>
        Cancel
      </button>
    </div>
  )
}

interface CancelledProps {
  readonly hasResults: boolean
  /** What is shown below of what was measured. */
  readonly kept: string
}

export function CancelledNotice({ hasResults, kept }: CancelledProps): JSX.Element {
  return <Notice title="Cancelled">{hasResults ? kept : 'Nothing was measured until then.'}</Notice>
}
