'use client'

import { useClassifier } from '@mobileone/react'
import type { ModelSource, Prediction } from '@mobileone/sdk'
import { createWorkerClassifier } from '@mobileone/sdk/worker'
import { useState } from 'react'

/** Says what is in a picture. It may be chosen while the network still loads. */
export function PictureLabels({ model }: { model: ModelSource }) {
  const { status, progress, error, classify } = useClassifier({ model, create: createWorkerClassifier })
  const [found, setFound] = useState<readonly Prediction[]>([])
  const [problem, setProblem] = useState<unknown>()

  async function show(picture: File | undefined) {
    if (!picture) return
    try {
      setFound(await classify(picture, { topK: 3 }))
      setProblem(undefined)
    } catch (reason) {
      setProblem(reason)
    }
  }

  const complaint = error ?? problem
  const labels = found.map(({ label, score }) => `${label}: ${(100 * score).toFixed(1)} %`)
  return (
    <main>
      <input
        type="file"
        accept="image/*"
        aria-label="A picture"
        onChange={({ target }) => show(target.files?.[0])}
      />
      {status === 'loading' && <progress value={progress?.fraction ?? 0} />}
      <output style={{ whiteSpace: 'pre-line' }}>{complaint ? String(complaint) : labels.join('\n')}</output>
    </main>
  )
}
