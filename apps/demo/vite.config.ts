import { fileURLToPath } from 'node:url'
import { defineConfig, type UserConfig } from 'vite'
import { ownPolicy } from '../../packages/site-kit/src/own-policy.ts'
import { siteTheme } from '../../packages/site-kit/src/site-theme.ts'
import { compressedFiles } from './plugins/compressed-files.ts'
import { earlyStart } from './plugins/early-start.ts'
import { embeddedModel } from './plugins/embedded-model.ts'
import { ownWorkerAlone } from './plugins/own-worker-alone.ts'
import { serviceWorker } from './plugins/service-worker.ts'
import { securityHeaders } from './src/security-headers.ts'

/** The views and the workers that the first view can do without. */
const others =
  /^assets\/(?!classif[iy])[\w-]+-(view|worker)-|^models\/fashion-mnist\.safetensors$|^drawings\//

/**
 * What every first visit takes is one file of the page and one of the worker's: each of its own costs a kilobyte of headers, and some
 * wait for others.
 */
const frame = {
  name: 'frame',
  test: /node_modules\/(@preact|preact)\/|preload-helper|\/(errors|framing)[\w-]*\.mjs$|sdk\/dist\/browser\/load-classifier-|views\/classify\/crop\.ts$|site-kit\/src\/(drop-zone|take-files|use-page-drop)\.tsx?$/,
}
const shared = { name: 'shared', test: /packages\/core\/dist\//, minShareCount: 2 }

const config: UserConfig = defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  plugins: [
    embeddedModel(),
    siteTheme(),
    ownPolicy(securityHeaders),
    ownWorkerAlone(),
    earlyStart(),
    serviceWorker((path) => others.test(path)),
    compressedFiles(),
  ],
  worker: {
    format: 'es',
    rolldownOptions: { output: { codeSplitting: { groups: [shared] } } },
  },
  build: {
    outDir: 'dist/site',
    target: 'es2022',
    modulePreload: { polyfill: false },
    // Inlined assets would be data: addresses, which the policy forbids.
    assetsInlineLimit: 0,
    rolldownOptions: {
      checks: { pluginTimings: false },
      output: { codeSplitting: { groups: [frame] } },
    },
  },
  server: { headers: { ...securityHeaders(), 'Content-Security-Policy': '' } },
})

export default config
