import { createClassifier } from '@mobileone/sdk'

/** The best label for a picture. `weights`: 's0' … 's4', a hub id, a URL, a file, or bytes. */
export async function tell(weights: string | URL | Blob, picture: string | URL | Blob): Promise<string> {
  const classifier = await createClassifier({ model: weights })
  const [best] = await classifier.classify(picture, { topK: 1 })
  await classifier.dispose()
  return `${best?.label}: ${(100 * (best?.score ?? 0)).toFixed(1)} %`
}
