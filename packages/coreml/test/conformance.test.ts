import { describeBackend } from '@mobileone/conformance/vitest'
import { expect, it } from 'vitest'
import { coremlBackend } from '../src/index.ts'
import { tinyModel } from './support/models.ts'

const missing = 'not written yet'
const unwritten = {
  relu6: missing,
  hardSigmoid: missing,
  hardSwish: missing,
  maxPool: missing,
  upsample: missing,
  concat: missing,
  slice: missing,
}
const exceptions = { ...unwritten, batchNorm: 'packages hold folded models: reparameterize first' }
const infinite = 'values beyond 65520 are infinite in float16'

describeBackend('the interpreter of float32 packages', () => coremlBackend({ precision: 'float32' }), {
  exceptions,
})

describeBackend('the interpreter of float16 packages', () => coremlBackend(), {
  tolerance: 2e-2,
  exceptions: {
    ...exceptions,
    'NaN and infinity: relu': infinite,
    'NaN and infinity: silu': infinite,
    'NaN and infinity: gelu': infinite,
  },
})

it('says that it is an interpreter, and keeps the package it runs', async () => {
  const backend = coremlBackend()
  const probe = await backend.probe()
  expect(probe.ok && probe.features.join()).toMatch(/interpreter/)
  await using executor = await backend.compile(tinyModel())
  expect(Object.keys(executor.artifact.files)).toContain('Manifest.json')
  expect(executor.steps.some(({ kernel }) => kernel === 'conv float16')).toBe(true)
})
