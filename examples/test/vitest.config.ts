import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import base from '../../vitest.config.ts'

/** Installing and building take seconds to minutes. */
const patient = 1_200_000

// Each project of the others would run all of these tests.
const { projects: _, ...settings } = base.test ?? {}

const config: ViteUserConfig = defineConfig({
  ...base,
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    ...settings,
    include: ['examples/test/*.test.ts'],
    globalSetup: ['examples/test/open-registry.ts'],
    testTimeout: patient,
    hookTimeout: patient,
  },
})

export default config
