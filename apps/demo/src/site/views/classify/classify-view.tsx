/** @jsxImportSource preact */
import type { Prediction } from '@mobileone/sdk'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { engine } from '../../state/engine.ts'
import { Bars } from '../../ui/bars.tsx'
import { DropZone } from '../../ui/drop-zone.tsx'
import { Notice } from '../../ui/notice.tsx'

export default function ClassifyView(): JSX.Element {
  const [predictions, setPredictions] = useState<readonly Prediction[]>([])
  const [error, setError] = useState<Error>()
  const classify = async ([file]: readonly File[]): Promise<void> => {
    const { classifier } = engine.value
    if (!classifier || !file) return
    try {
      setPredictions(await classifier.classify(file, { topK: 5 }))
      setError(undefined)
    } catch (cause) {
      setError(cause as Error)
    }
  }
  return (
    <section class="panel">
      <DropZone accept="image/*" label="Choose a picture" paste onFiles={classify}>
        <p class="muted">or drop or paste one anywhere</p>
      </DropZone>
      {error && (
        <Notice kind="error" title="This picture cannot be read">
          {error.message}
        </Notice>
      )}
      <Bars predictions={predictions} rows={5} label="Best classes" />
    </section>
  )
}
