import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

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

/** Small files with the longest tests: begun first, so that none of them runs alone in the end. */
const longest = /(conformance|s0|browser|chromium|golden)(\.slow)?\.test\.ts$/

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification): boolean => longest.test(moduleId)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

const config: ViteUserConfig = defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    projects: Object.entries(suites).map(([name, files]) => ({
      extends: true,
      // Half of the time of small files is that of importing the packages again.
      test: { name, isolate: name !== 'fast', ...files },
    })),
    setupFiles: fileURLToPath(new URL('tooling/fast-equality.ts', import.meta.url)),
    testTimeout: 180_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
    // Of thousands of tests one meets a machine that is busy with others; the report marks those that needed a second try.
    retry: process.env.CI ? 1 : 0,
    sequence: { sequencer: LongestFirst },
  },
})

export default config
