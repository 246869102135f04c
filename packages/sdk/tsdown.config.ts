import { createRequire } from 'node:module'
import type { UserConfig } from 'tsdown'
import { library } from '../../tooling/tsdown.base.ts'

/** All of the SDK and of what it depends on, for pages without a bundler. */
const browser: UserConfig = {
  platform: 'browser',
  noExternal: /.*/,
  minify: true,
  dts: false,
  sourcemap: false,
}

export default [
  library({
    index: 'src/index.ts',
    export: 'src/exporters.ts',
    head: 'src/head/index.ts',
    network: 'src/own-networks.ts',
    lifecycle: 'src/lifecycle/index.ts',
  }),
  library({ mobileone: 'src/index.ts', head: 'src/head/index.ts' }, { ...browser, outDir: 'dist/browser' }),
  library(
    { 'wasm-worker': createRequire(import.meta.url).resolve('@mobileone/backend-wasm/worker') },
    { ...browser, outDir: 'dist/browser', clean: false },
  ),
  // One file: module service workers refuse `import()`.
  library(
    { mobileone: 'src/index.ts' },
    {
      ...browser,
      outDir: 'dist/single',
      outExtensions: () => ({ js: '.js' }),
      outputOptions: { codeSplitting: false },
    },
  ),
]
