import { type Classifier, createClassifier } from '@mobileone/sdk'

/** The classes you taught, as one network. */
export function loadTaught(): Promise<Classifier> {
  return createClassifier({ model: '/taught.safetensors' })
}
