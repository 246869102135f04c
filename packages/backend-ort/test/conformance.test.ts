import { describeBackend } from '@mobileone/conformance/vitest'
import * as native from 'onnxruntime-node'
import { ort } from '../src/index.ts'
import { exceptions } from './exceptions.ts'
import { memory } from './memory.ts'

// onnxruntime-web: conformance.slow.test.ts.
describeBackend(
  'onnxruntime-node, cpu',
  () => ort({ lib: native, executionProviders: ['cpu'], numThreads: 1 }),
  { exceptions: exceptions.cpu, memory },
)
