import { conformance } from '@mobileone/conformance'
import { it } from 'vitest'
import { example } from './example-backend.ts'

const missing = 'not written yet'
const exceptions = {
  conv2d: missing,
  batchNorm: missing,
  linear: missing,
  silu: missing,
  gelu: missing,
  mul: missing,
  globalAvgPool: missing,
  flatten: missing,
  softmax: missing,
}
for (const c of conformance(() => example(), { exceptions })) (c.skip ? it.skip : it)(c.name, c.run)
