import { lacking } from '@mobileone/testkit'
import { expect, test } from 'vitest'
import { gradientDifference } from './open-train-page.ts'

test.skipIf(lacking('chromium'))(
  'gradients on webgpu are those on cpu, in Chromium',
  async () => {
    expect(await gradientDifference('webgpu')).toBeLessThan(1e-4)
  },
  240_000,
)
