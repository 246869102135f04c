import { createRequire } from 'node:module'
import type { Rolldown, UserConfig } from 'tsdown'
import { library } from '../../tooling/tsdown.base.ts'

/** All of the SDK and of what it depends on, for pages without a bundler. */
const browser: UserConfig = {
  platform: 'browser',
  noExternal: /.*/,
  minify: true,
  dts: false,
  sourcemap: false,
}

/** Files that share no chunk with others. */
const alone: UserConfig = {
  ...browser,
  outDir: 'dist/browser',
  clean: false,
  outputOptions: { codeSplitting: false },
}

/** A chunk of what two files have in common would cost the page more than the copy that each has. */
const rareApart: Rolldown.Plugin = {
  name: 'rare-apart',
  resolveId: (source) =>
    source.endsWith('/rare.ts') ? { id: './worker-rare.mjs', external: true } : undefined,
}

export default [
  library(
    {
      index: 'src/index.ts',
      export: 'src/exporters.ts',
      head: 'src/head/index.ts',
      network: 'src/own-networks.ts',
      // For its types: pages and bundlers take it from dist/browser.
      worker: 'src/remote/worker.ts',
      node: 'src/remote/node.ts',
      serve: 'src/remote/serve.ts',
      lifecycle: 'src/lifecycle/index.ts',
      'classifier-thread': 'src/remote/classifier-thread.ts',
    },
    { deps: { neverBundle: [/^node:/] } },
  ),
  library({ mobileone: 'src/index.ts', head: 'src/head/index.ts' }, { ...browser, outDir: 'dist/browser' }),
  library(
    { 'wasm-worker': createRequire(import.meta.url).resolve('@mobileone/backend-wasm/worker') },
    { ...browser, outDir: 'dist/browser', clean: false },
  ),
  // Few bytes on the page, which nothing is shared with; and a worker that imports nothing, so that every bundler and server can pass it on.
  library({ worker: 'src/remote/worker.ts' }, { ...alone, plugins: [rareApart] }),
  library({ 'worker-rare': 'src/remote/rare.ts' }, alone),
  library({ 'classifier-worker': 'src/remote/classifier-worker.ts' }, alone),
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
