/** What `npm run unused` (knip) starts from, and which packages are used in ways that it cannot see. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { KnipConfig } from 'knip'
import type { UserConfig } from 'tsdown'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Files beside those of tsdown.config.ts and the tests: run by hand, by a name in a string, or bundled for a page of a test. */
const entries: Readonly<Record<string, string[]>> = {
  'apps/benchmark': [
    'src/contenders/*.ts',
    'src/downloads/pages/*.ts',
    'src/portable-gpu-benchmark/program.ts',
  ],
  'apps/demo': ['scripts/*.mjs', 'src/soak/camera-page.ts'],
  'apps/docs': ['api.mjs'],
  'apps/reliability': ['src/faults/page.ts', 'src/soak/page.ts'],
  'packages/backend-ort': ['test/*-page.ts'],
  'packages/backend-tfjs': ['test/*-page.ts'],
  'packages/backend-wasm': ['assembly/index.ts', 'scripts/*.d.mts', 'tune/tune.mjs'],
  'packages/sdk': ['scripts/*.{mjs,ts}', 'src/remote/classifier-worker.ts', 'test/*-page.ts'],
  'packages/testkit': ['test/fixtures/**/*.ts'],
  'packages/tfjs-wasm-gradients': ['assembly/index.ts'],
  'packages/train': ['scripts/*.mjs'],
  'packages/vision': ['assembly/index.ts'],
}

/** Packages whose names stand in strings: resolved for their files, or given to a program. */
const named: Readonly<Record<string, string[]>> = {
  'apps/benchmark': ['webgpu'],
  'apps/docs': ['typedoc-plugin-markdown', 'vue'],
  // Built before it, since it starts the program; and what the bundled testkit imports.
  'apps/reliability': ['@mobileone/cli', 'vite'],
  'packages/backend-webgpu': ['webgpu'],
  'packages/coreml': ['@cursorless/tree-sitter-wasms'],
  'packages/create-mobileone': ['@mobileone/react', '@mobileone/sdk', '@mobileone/vue'],
  'packages/testkit': ['workerd'],
}

async function builtFiles(folder: string): Promise<string[]> {
  const path = join(root, folder, 'tsdown.config.ts')
  if (!existsSync(path)) return []
  const { default: config } = (await import(path)) as { default: UserConfig | UserConfig[] }
  return [config]
    .flat()
    .flatMap(({ entry }) => Object.values(entry as Record<string, string>))
    .filter((file) => file.startsWith('src/'))
}

async function workspace(folder: string) {
  return {
    entry: [...(await builtFiles(folder)), ...(entries[folder] ?? [])],
    // Templates of apps, and their packages, are no program of this workspace.
    project: ['**/*.{ts,tsx,mts,mjs,vue}', '!templates/**'],
    ignoreDependencies: named[folder] ?? [],
  }
}

export default async (): Promise<KnipConfig> => {
  const folders = ['apps', 'packages'].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => `${group}/${name}`)
      .filter((folder) => existsSync(join(root, folder, 'package.json'))),
  )
  const workspaces: Record<string, Awaited<ReturnType<typeof workspace>>> = {}
  // The loader cannot load two files at a time that import a third.
  for (const folder of folders) workspaces[folder] = await workspace(folder)
  return {
    include: ['files', 'dependencies', 'unlisted', 'unresolved'],
    exclude: ['optionalPeerDependencies'],
    // Copied by the build, and served by the program itself.
    ignoreUnresolved: ['./plain.wasm', './relaxed.wasm', '/tune.mjs'],
    workspaces: {
      '.': { project: ['*.ts'], ignoreDependencies: ['pnpm', 'turbo'] },
      ...workspaces,
      tooling: {
        entry: [
          '*.mjs',
          'cross-checks/*.mjs',
          'fuzz/{main,worker}.ts',
          'registry/{main,serve-registry,try-install}.mjs',
        ],
        ignoreDependencies: [/^typescript-\d/],
      },
    },
  }
}
