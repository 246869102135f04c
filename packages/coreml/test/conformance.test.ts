import { conformance } from '@mobileone/conformance'
import { describe, expect, it } from 'vitest'
import { coremlBackend } from '../src/index.ts'
import { tinyModel } from './support/models.ts'

const exceptions = { batchNorm: 'packages hold folded models: reparameterize first' }

describe('the interpreter of float32 packages', () => {
  const create = (): ReturnType<typeof coremlBackend> => coremlBackend({ precision: 'float32' })
  for (const c of conformance(create, { exceptions })) (c.skip ? it.skip : it)(c.name, c.run)
})

describe('the interpreter of float16 packages', () => {
  const reason = 'values beyond 65520 are infinite in float16'
  const beyond = ['relu', 'silu', 'gelu'].map((op) => [`NaN and infinity: ${op}`, reason])
  const options = { exceptions: { ...exceptions, ...Object.fromEntries(beyond) }, tolerance: 2e-2 }
  for (const c of conformance(() => coremlBackend(), options)) (c.skip ? it.skip : it)(c.name, c.run)
})

it('says that it is an interpreter, and keeps the package it runs', async () => {
  const backend = coremlBackend()
  const probe = await backend.probe()
  expect(probe.ok && probe.features.join()).toMatch(/interpreter/)
  await using executor = await backend.compile(tinyModel())
  expect(Object.keys(executor.artifact.files)).toContain('Manifest.json')
  expect(executor.steps.some(({ kernel }) => kernel === 'conv float16')).toBe(true)
})
