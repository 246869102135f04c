import { lacking } from '@mobileone/testkit'
import { expect, test } from 'vitest'
import { gradientDifference } from './open-train-page.ts'

test.skipIf(lacking('chromium')).each(['wasm', 'webgpu'] as const)(
  'gradients on %s are those on cpu, in Chromium',
  async (backend) => {
    expect(await gradientDifference(backend)).toBeLessThan(1e-4)
  },
  240_000,
)
