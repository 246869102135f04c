import { test } from 'vitest'
import { expectLogitsOfReference } from './reference-logits.ts'

test.each(['deploy', 'train'] as const)('S4 against the reference, %s form', (form) =>
  expectLogitsOfReference('s4', form, 33),
)
