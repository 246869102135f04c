/** @jsxImportSource preact */

import { Notice } from '@mobileone/site-kit/notice'
import type { JSX } from 'preact'
import { engine } from '../state/engine.ts'
import { BackendOptions } from './backend-options.tsx'
import { KeptWeights } from './kept-weights.tsx'
import { ModelOptions } from './model-options.tsx'
import { statusWords } from './status-words.ts'
import { TimesTable } from './times-table.tsx'

/** Everything that can be chosen, what each took, and what is kept of it. */
export function ChoosePanel(): JSX.Element {
  return (
    <div class="choose-panel">
      <FailureInFull />
      <ModelOptions />
      <BackendOptions />
      <TimesTable />
      <KeptWeights />
    </div>
  )
}

/** The bar cuts what is longer than two lines. */
function FailureInFull(): JSX.Element | null {
  const state = engine.value
  if (state.status !== 'error') return null
  const { text, detail } = statusWords(state, undefined)
  return (
    <Notice kind="error" title={text}>
      {detail}
    </Notice>
  )
}
