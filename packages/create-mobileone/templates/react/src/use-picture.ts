import type { LoadedClassifier } from '@mobileone/react'
import type { Prediction } from '@mobileone/sdk'
import { useCallback, useEffect, useState } from 'react'

export interface Picture {
  readonly file: File
  readonly url: string
  readonly predictions?: readonly Prediction[]
  readonly error?: Error
}

/** The chosen picture, and what is in it as soon as the network is there. */
export function usePicture(classify: LoadedClassifier['classify']) {
  const [picture, setPicture] = useState<Picture>()
  const url = picture?.url
  useEffect(() => (url ? () => URL.revokeObjectURL(url) : undefined), [url])

  const show = useCallback(
    async (file: File | undefined) => {
      setPicture(file && { file, url: URL.createObjectURL(file) })
      if (!file) return
      const found = await classify(file, { topK: 5 }).then(
        (predictions): Partial<Picture> => ({ predictions }),
        (error): Partial<Picture> => ({ error }),
      )
      // Another may have been chosen meanwhile.
      setPicture((now) => (now?.file === file ? { ...now, ...found } : now))
    },
    [classify],
  )
  return [picture, show] as const
}
