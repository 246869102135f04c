import { isMobileOneError, reparameterize } from '@mobileone/core'
import { expect, test } from 'vitest'
import { coreml, toCoreML, toSwift, zipPackage } from '../src/index.ts'
import { mlmodel, toMLModel } from '../src/mlmodel.ts'
import { tinyModel } from './support/models.ts'

const model = reparameterize(tinyModel())

test('a package is one zip file unless the name asks for its folder', () => {
  const made = toCoreML(model, { precision: 'float32' })
  expect(coreml().export(model, { precision: 'float32' })).toEqual([
    { path: `${made.name}.mlpackage.zip`, bytes: zipPackage(made) },
  ])
  expect(coreml().export(model, { precision: 'float32' }, 'Mine.mlpackage.zip')).toEqual([
    { path: 'Mine.mlpackage.zip', bytes: zipPackage({ ...made, name: 'Mine' }) },
  ])
  expect(coreml().export(model, { precision: 'float32' }, 'Mine.mlpackage')).toEqual(
    Object.entries(made.files).map(([path, bytes]) => ({ path: `Mine.mlpackage/${path}`, bytes })),
  )
})

test.each([
  [coreml(), 'Mine.mlpackage'],
  [coreml(), 'Mine.mlpackage.zip'],
  [mlmodel(), 'Mine.mlmodel'],
] as const)('the Swift file lies beside it: $1', async (exporter, fileName) => {
  const files = await exporter.export(model, { swift: true, input: 'array' }, fileName)
  expect(files.at(-1)?.path).toBe('Mine.swift')
  expect(new TextDecoder().decode(files.at(-1)?.bytes)).toBe(
    toSwift({ ...model, name: 'Mine' }, { input: 'array' }),
  )
  expect(() => exporter.export(model, { swift: true }, `my ${fileName}`)).toThrow(
    expect.toSatisfy((error) => isMobileOneError(error) && error.code === 'invalid-argument'),
  )
})

test('the single file stores its weights as asked', () => {
  expect(mlmodel().export(model, { weights: 'float16' }, 'a.mlmodel')).toEqual([
    { path: 'a.mlmodel', bytes: toMLModel(model, { weights: 'float16' }) },
  ])
})
