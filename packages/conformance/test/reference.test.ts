import { reference } from '@mobileone/core'
import { describe, it } from 'vitest'
import { conformance } from '../src/index.ts'

describe('reference', () => {
  for (const c of conformance(() => reference())) (c.skip ? it.skip : it)(c.name, c.run)
})
