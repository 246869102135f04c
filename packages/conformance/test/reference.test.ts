import { describeBackend } from '@mobileone/conformance/vitest'
import { reference } from '@mobileone/core'

describeBackend('reference', () => reference())
