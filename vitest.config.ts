import { defineConfig, type ViteUserConfig } from 'vitest/config'

const folders = ['packages/*/test/**', 'apps/*/test/**', 'examples/*/test/**', 'tooling/**']
const ending = (name: string): string[] => folders.map((folder) => `${folder}/${name}`)
const notTests = ['**/node_modules/**', '**/dist/**']

/** What `npm test` runs, and what by its file's name has a command of its own: `npm run test:slow`, `npm run test:engines`. */
const suites: Readonly<Record<string, { include: string[]; exclude: string[] }>> = {
  fast: {
    include: ending('*.test.ts'),
    exclude: [...notTests, ...ending('*.slow.test.ts'), ...ending('engines.test.ts')],
  },
  slow: { include: ending('*.slow.test.ts'), exclude: notTests },
  engines: { include: ending('engines.test.ts'), exclude: notTests },
}

const config: ViteUserConfig = defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    projects: Object.entries(suites).map(([name, files]) => ({ extends: true, test: { name, ...files } })),
    testTimeout: 180_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
  },
})

export default config
