import { readFileSync } from 'node:fs'
import { defaultClientConditions, defineConfig, type UserConfig } from 'vite'
import { ownPolicy } from '../../packages/site-kit/src/own-policy.ts'
import { siteTheme } from '../../packages/site-kit/src/site-theme.ts'
import { suitesFile } from './plugins/suites-file.ts'
import { headersOf } from './src/page-headers.ts'

const packages = [
  'onnxruntime-web',
  '@tensorflow/tfjs-backend-wasm',
  '@litertjs/core',
  '@mobileone/backend-wasm',
]
const version = (name: string): string =>
  JSON.parse(readFileSync(new URL(`./node_modules/${name}/package.json`, import.meta.url), 'utf8')).version

const config: UserConfig = defineConfig({
  base: './',
  resolve: { conditions: ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions] },
  plugins: [siteTheme(), ownPolicy(headersOf), suitesFile()],
  worker: { format: 'es' },
  define: { packageVersions: Object.fromEntries(packages.map((name) => [name, version(name)])) },
  build: {
    outDir: 'dist/site',
    target: 'es2022',
    modulePreload: { polyfill: false },
    // Inlined assets would be data: addresses, which the policy forbids.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: ['index.html', 'contender.html', 'camera.html', 'start.html', 'workload.html'],
    },
  },
})

export default config
