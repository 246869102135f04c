import { test } from 'vitest'
import { expectLittleMemory } from './little-memory.ts'
import { expectLogitsOfReference } from './reference-logits.ts'

test.each([
  ['s0', 'train', 45],
  ['s1', 'deploy', 33],
  ['s2', 'deploy', 40],
  ['s4', 'deploy', 33],
  ['s4', 'train', 33],
] as const)('%s, %s form, %i pixels, against the reference', expectLogitsOfReference)

test.each(['s2', 's3', 's4'] as const)(
  '%s needs its weights, its activations and little else',
  expectLittleMemory,
)
