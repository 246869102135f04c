import { describeBackend } from '@mobileone/conformance/vitest'
import { coremlBackend } from '../src/index.ts'
import { exceptions } from './support/exceptions.ts'

describeBackend('the interpreter of float32 packages', () => coremlBackend({ precision: 'float32' }), {
  exceptions,
})
