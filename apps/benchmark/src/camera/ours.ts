import { createWorkerClassifier } from '@mobileone/sdk/worker'
import { type CameraContender, files } from './contender.ts'

/** `createWorkerClassifier` and `watch`, on one thread. */
export function ours(resample: 'exact' | 'fast'): CameraContender {
  return {
    async run(camera, _video, show, signal) {
      const backend = { name: 'wasm', threads: 1 }
      const classifier = await createWorkerClassifier({
        model: files.safetensors,
        backend,
        cache: false,
        signal,
      })
      try {
        for await (const { predictions, ms } of classifier.watch(camera, { topK: 3, resample })) {
          show(predictions, ms)
          if (signal.aborted) break
        }
      } finally {
        await classifier.dispose()
      }
    },
  }
}
