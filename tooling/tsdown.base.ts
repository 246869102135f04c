import { readFileSync } from 'node:fs'
import { defineConfig, type Rolldown, type UserConfig } from 'tsdown'
import { notices } from './notices.mjs'
import { portableDeclarations } from './portable-declarations.mjs'

/** The one bundler configuration: ES modules, portable declarations by oxc, nothing inlined from other packages. */
export function library(entry: Record<string, string>, overrides: UserConfig = {}): UserConfig {
  return defineConfig({
    entry,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    dts: { oxc: true, sourcemap: false },
    fixedExtension: true,
    sourcemap: true,
    clean: true,
    outDir: 'dist',
    ...overrides,
    plugins: [overrides.plugins ?? [], notices(), portable(), complete],
  }) as UserConfig
}

/** Refuses to leave an import in a bundle because what it names is not built: packages are built side by side. */
const complete: Rolldown.Plugin = {
  name: 'complete',
  onLog(_level, { code, message }) {
    if (code === 'UNRESOLVED_IMPORT') throw new Error(message)
  },
}

/** Rewrites the declarations of the package in the working directory with {@link portableDeclarations}. */
function portable(): Rolldown.Plugin {
  const { peerDependenciesMeta = {} } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    peerDependenciesMeta?: Record<string, unknown>
  }
  const optional = Object.keys(peerDependenciesMeta)
  return {
    name: 'portable-declarations',
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type === 'chunk' && chunk.fileName.endsWith('.d.mts')) {
          chunk.code = portableDeclarations(chunk.code, optional)
        }
      }
    },
  }
}
