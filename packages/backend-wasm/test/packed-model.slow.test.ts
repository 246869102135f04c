import { test } from 'vitest'
import { expectSameBits } from './packed-bits.ts'

test.each([
  ['s1', 'deploy', 64, 3],
  ['s4', 'deploy', 39, 1],
] as const)(
  'a packed model gives the bits of wasm() in every instance: %s, %s form, %i pixels, batch %i',
  expectSameBits,
)
