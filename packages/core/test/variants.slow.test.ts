import { test } from 'vitest'
import { expectExactFolding } from './exact-folding.ts'

test.each(['s2', 's3', 's4'] as const)(
  'folding of %s gives exactly the deploy-form graph',
  expectExactFolding,
)
