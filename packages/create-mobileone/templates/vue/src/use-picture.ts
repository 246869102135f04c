import type { Prediction } from '@mobileone/sdk'
import type { LoadedClassifier } from '@mobileone/vue'
import { onScopeDispose, type ShallowRef, shallowRef } from 'vue'

export interface Picture {
  readonly url: string
  readonly predictions?: readonly Prediction[]
  readonly error?: Error
}

/** The chosen picture, and what is in it as soon as the network is there. */
export function usePicture(classify: LoadedClassifier['classify']): {
  readonly picture: ShallowRef<Picture | undefined>
  show(file: File): Promise<void>
  forget(): void
} {
  const picture = shallowRef<Picture>()
  const forget = () => {
    if (picture.value) URL.revokeObjectURL(picture.value.url)
    picture.value = undefined
  }
  onScopeDispose(forget)

  const show = async (file: File) => {
    forget()
    const shown: Picture = { url: URL.createObjectURL(file) }
    picture.value = shown
    const found = await classify(file, { topK: 5 }).then(
      (predictions): Partial<Picture> => ({ predictions }),
      (error): Partial<Picture> => ({ error }),
    )
    // Another may have been chosen meanwhile.
    if (picture.value === shown) picture.value = { ...shown, ...found }
  }
  return { picture, show, forget }
}
