import { describeBackend } from '@mobileone/conformance/vitest'
import * as web from 'onnxruntime-web'
import { ort } from '../src/index.ts'
import { exceptions } from './exceptions.ts'
import { memory } from './memory.ts'

describeBackend(
  'onnxruntime-web, wasm',
  () => ort({ lib: web, executionProviders: ['wasm'], numThreads: 1 }),
  { exceptions: exceptions.wasm, memory },
)
