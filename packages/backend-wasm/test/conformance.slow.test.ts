import { describeBackend } from '@mobileone/conformance/vitest'
import { lacking } from '@mobileone/testkit'
import { describe, it } from 'vitest'
import { wasm } from '../src/index.ts'
import { expectConformanceInChromium } from './conformance-in-chromium.ts'
import { memory } from './memory.ts'

describeBackend('wasm, 2 threads', () => wasm({ threads: 2 }), { memory })

describe.skipIf(lacking('chromium'))('wasm in Chromium', () => {
  it.each(['relaxed, where there is', 'plain', '2 threads', 'wide'])(
    '%s',
    (suite) => expectConformanceInChromium(suite),
    180_000,
  )
  it.each(['relaxed, where there is', 'wide'])(
    '%s, where V8 joins 128-bit operations',
    (suite) => expectConformanceInChromium(suite, ['--js-flags=--wasm-revectorize']),
    180_000,
  )
})
