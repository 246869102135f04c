import { test } from 'vitest'
import { expectExactFolding, expectSameInBatch } from './network-checks.ts'

test.each(['mixnet_s', 'resnet18', 'mobilenext_100', 'ghostnet_100'] as const)(
  '%s folds into its deploy form and keeps its logits',
  expectExactFolding,
)

test.each(['deit_tiny_patch16_224', 'mobilevit_xxs'] as const)(
  '%s gives each picture of a batch what it gives it alone',
  expectSameInBatch,
)
