import { readFileSync } from 'node:fs'
import { defaultClientConditions, defineConfig, type UserConfig } from 'vite'

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
  worker: { format: 'es' },
  define: { packageVersions: Object.fromEntries(packages.map((name) => [name, version(name)])) },
  build: {
    outDir: 'dist/site',
    target: 'es2022',
    modulePreload: false,
    rolldownOptions: { input: ['index.html', 'contender.html', 'camera.html'] },
  },
})

export default config
