import { describeBackend } from '@mobileone/conformance/vitest'
import { example } from './example-backend.ts'

const missing = 'not written yet'
describeBackend('example', () => example(), {
  exceptions: {
    conv2d: missing,
    batchNorm: missing,
    linear: missing,
    relu6: missing,
    hardSigmoid: missing,
    silu: missing,
    hardSwish: missing,
    gelu: missing,
    mul: missing,
    globalAvgPool: missing,
    maxPool: missing,
    upsample: missing,
    concat: missing,
    slice: missing,
    affine: missing,
    maximum: missing,
    channelShuffle: missing,
    flatten: missing,
    softmax: missing,
    layerNorm: missing,
    matmul: missing,
    reshape: missing,
    transpose: missing,
    parameter: missing,
  },
})
