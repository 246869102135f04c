import { defineConfig, type UserConfig } from 'tsdown'

/** The one bundler configuration: ES modules, declarations by oxc, nothing inlined from other packages. */
export function library(entry: Record<string, string>, overrides: UserConfig = {}): UserConfig {
  return defineConfig({
    entry,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    dts: { oxc: true },
    fixedExtension: true,
    sourcemap: true,
    clean: true,
    outDir: 'dist',
    ...overrides,
  }) as UserConfig
}
