import { expect, test } from 'vitest'
import { describeCoreML, toCoreML, zipPackage } from '../src/index.ts'
import { tinyModel } from './support/models.ts'

test('a package is described without being read as a model', () => {
  const model = tinyModel()
  const made = toCoreML(model, { precision: 'float16' })
  const found = describeCoreML(made)
  expect(found).toMatchObject({
    kind: 'ML program',
    specificationVersion: 6,
    systems: 'iOS 15, macOS 12',
    operations: { conv: expect.any(Number), linear: 1 },
    stored: { fp16: expect.any(Number) },
  })
  expect(found.inputs.map(({ name }) => name)).toEqual(Object.keys(model.inputs))
  expect(describeCoreML(zipPackage(made))).toEqual(found)
  expect(describeCoreML(toCoreML(model, { precision: 'float32' })).stored).toMatchObject({
    fp32: expect.any(Number),
  })
  expect(() => describeCoreML(new Uint8Array([8]))).toThrow(/Core ML/)
})
