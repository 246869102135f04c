import { describeBackend } from '@mobileone/conformance/vitest'
import { example } from './example-backend.ts'

const missing = 'not written yet'
describeBackend('example', () => example(), {
  exceptions: {
    conv2d: missing,
    batchNorm: missing,
    linear: missing,
    silu: missing,
    gelu: missing,
    mul: missing,
    globalAvgPool: missing,
    flatten: missing,
    softmax: missing,
  },
})
