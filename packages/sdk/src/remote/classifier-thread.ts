/** The thread of `createPool`, as a file of its own. */
import { MobileOneError } from '@mobileone/core'
import { serveClassifier } from './serve.ts'

serveClassifier({
  backends: {
    async ort(options) {
      try {
        const { ort } = await import('@mobileone/backend-ort')
        return ort({ lib: () => import('onnxruntime-node') as never, ...options })
      } catch (cause) {
        throw new MobileOneError(
          'unavailable',
          "backend 'ort' needs the packages @mobileone/backend-ort and onnxruntime-node",
          { cause },
        )
      }
    },
  },
})
