import { useClassifier } from '@mobileone/react'
import type { ModelSource, Prediction } from '@mobileone/sdk'
import { useState } from 'react'

/** Says what is in a photograph. It may be chosen while the network still loads. */
export function PhotoPage({ model = 's0' }: { model?: ModelSource }) {
  const { status, error, classify, reload } = useClassifier({ model })
  const [found, setFound] = useState<Prediction[]>([])
  const show = async (file: File | undefined) => setFound(file ? await classify(file, { topK: 1 }) : [])
  if (status === 'error') {
    return (
      <button type="button" onClick={reload}>
        {error.message}: try again
      </button>
    )
  }
  return (
    <label>
      <input type="file" accept="image/*" onChange={({ target }) => show(target.files?.[0])} />
      {found[0]?.label ?? 'Choose a photograph'}
    </label>
  )
}
