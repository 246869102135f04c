/** Bundle each contender by itself, nothing shared: what a page with this contender alone would fetch. */
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Rewriting `typeof` breaks the function tfjs sends to its worker threads as text. */
const gentle = { compress: false, mangle: true, codegen: true }

const names = [
  'mobileone-wasm',
  'mobileone-wasm-int8',
  'ort-wasm',
  'tfjs-wasm',
  'litert-wasm',
  'mobileone-webgpu',
  'mobileone-webgpu-f16',
  'ort-webgpu',
  'tfjs-webgpu',
]

for (const name of names) {
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    resolve: {
      alias: [{ find: /^onnxruntime-web$/, replacement: 'onnxruntime-web/wasm' }],
      conditions: ['onnxruntime-web-use-extern-wasm', 'browser', 'module', 'production'],
    },
    build: {
      outDir: 'dist/browser',
      emptyOutDir: false,
      target: 'es2022',
      minify: false,
      lib: { entry: `src/contenders/${name}.ts`, formats: ['es'], fileName: () => `${name}.mjs` },
      rolldownOptions: { output: { minify: name === 'tfjs-wasm' ? gentle : true, codeSplitting: false } },
    },
  })
}
