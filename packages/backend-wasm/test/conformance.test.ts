import { describeBackend } from '@mobileone/conformance/vitest'
import { lacking } from '@mobileone/testkit'
import { describe, it } from 'vitest'
import { wasm } from '../src/index.ts'
import { expectConformanceInChromium } from './conformance-in-chromium.ts'
import { memory } from './memory.ts'

describeBackend('wasm, 1 thread', () => wasm({ threads: 1 }), { memory })

describe.skipIf(lacking('chromium'))('wasm in Chromium', () => {
  it('relaxed, where there is', () => expectConformanceInChromium('relaxed, where there is'), 180_000)
})
