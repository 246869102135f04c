/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { BackendOptions } from './backend-options.tsx'
import { KeptWeights } from './kept-weights.tsx'
import { ModelOptions } from './model-options.tsx'
import { TimesTable } from './times-table.tsx'

/** Everything that can be chosen, what each took, and what is kept of it. */
export function ChoosePanel(): JSX.Element {
  return (
    <div class="choose-panel">
      <ModelOptions />
      <BackendOptions />
      <TimesTable />
      <KeptWeights />
    </div>
  )
}
