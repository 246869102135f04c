import { describeBackend } from '@mobileone/conformance/vitest'
import { wasm } from '../src/index.ts'
import { memory } from './memory.ts'

// On two threads, and in Chromium: conformance.slow.test.ts.
describeBackend('wasm, 1 thread', () => wasm({ threads: 1 }), { memory })
