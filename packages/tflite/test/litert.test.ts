import { normalInputs } from '@mobileone/conformance'
import { random } from '@mobileone/core'
import { lacking } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toTflite } from '../src/index.ts'
import { cases } from './support/cases.ts'
import { expectClose, inFloat16, runReference } from './support/compare.ts'
import { type LiteRt, openLiteRt } from './support/litert.ts'

describe.skipIf(lacking('chromium'))('LiteRT.js runs', () => {
  let litert: LiteRt
  beforeAll(async () => {
    litert = await openLiteRt()
  })
  afterAll(() => litert?.close())

  it.each(Object.entries(cases))('%s', async (_, model) => {
    const inputs = normalInputs(model, random(77))
    for (const storage of ['float32', 'float16'] as const) {
      const wanted = await runReference(storage === 'float16' ? inFloat16(model) : model, inputs)
      const got = await litert.run(toTflite(model, { storage }), inputs)
      expect(Object.keys(got).sort()).toEqual(Object.keys(wanted).sort())
      for (const [name, value] of Object.entries(wanted)) expectClose(got[name], value, 1e-5, storage)
    }
  })
})
