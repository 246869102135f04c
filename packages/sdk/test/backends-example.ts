import { webgpu } from '@mobileone/backend-webgpu'
import { type Classifier, createClassifier, type Refusal, wasm } from '@mobileone/sdk'

/** On the GPU where there is one that computes rightly, else on the CPU. */
export function open(
  weights: string | URL | Blob,
  onRefusal: (refusal: Refusal) => void,
): Promise<Classifier> {
  return createClassifier({
    model: weights,
    backend: [webgpu, () => wasm({ threads: 'auto' })],
    verify: true,
    onRefusal,
  })
}
