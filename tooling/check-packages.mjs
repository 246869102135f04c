/** Checks every published package as a user would get it: what is packed, and budgets for the bytes a page downloads. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { root } from './bootstrap.mjs'
import { checkTarballs } from './check-tarballs.mjs'

/**
 * Gzipped bytes of everything a page downloads for these imports, bundled and minified, without what `without` names: libraries the
 * page has anyway. The imports are resolved as the package `from` does, the CLI by default.
 */
const budgets = [
  {
    name: 'core + backend-wasm, kernels included',
    source: "export * from '@mobileone/core'\nexport * from '@mobileone/backend-wasm'\n",
    limit: 76_200,
  },
  {
    name: 'sdk for a page that classifies with published weights: one build of the kernels, fetching and labels included',
    source: "export { createClassifier } from '@mobileone/sdk'\n",
    onDemand: ['plain-', 'platform-', 'imagenet-', 'exact-'],
    limit: 97_900,
  },
  {
    name: 'sdk, everything, also what is loaded on demand',
    source: "export * from '@mobileone/sdk'\n",
    without: ['@mobileone/backend-webgpu'],
    limit: 159_400,
  },
  {
    name: 'sdk/head, beside the sdk',
    source: "export * from '@mobileone/sdk/head'\n",
    without: ['@mobileone/core', '@mobileone/checkpoint', '@mobileone/vision'],
    limit: 10_000,
  },
  {
    name: 'sdk/worker, all that a page loads for a classifier in a worker',
    source: "export * from '@mobileone/sdk/worker'\n",
    onDemand: [],
    limit: 2_100,
  },
  {
    name: 'backend-webgpu, kernels included',
    source: "export * from '@mobileone/backend-webgpu'\n",
    without: ['@mobileone/core'],
    limit: 20_000,
  },
  {
    name: 'backend-ort, the ONNX writer included',
    source: "export * from '@mobileone/backend-ort'\n",
    without: ['@mobileone/core', 'onnxruntime-web'],
    limit: 8_000,
  },
  {
    name: 'backend-tfjs',
    source: "export * from '@mobileone/backend-tfjs'\n",
    without: ['@mobileone/core', '@tensorflow/tfjs-core'],
    limit: 6_000,
  },
  {
    name: 'train, kernels for tfjs-wasm included',
    source: "export * from '@mobileone/train'\nexport * from '@mobileone/tfjs-wasm-gradients'\n",
    from: 'train',
    without: ['@mobileone/core', '@tensorflow/tfjs-core'],
    limit: 81_000,
  },
  {
    name: 'tfjs-wasm-gradients, kernels included',
    source: "export * from '@mobileone/tfjs-wasm-gradients'\n",
    from: 'train',
    without: ['@mobileone/core', '@tensorflow/tfjs-core'],
    limit: 20_500,
  },
  {
    name: 'coreml, writing a package',
    source: "export { toCoreML, zipPackage } from '@mobileone/coreml'\n",
    without: ['@mobileone/core'],
    limit: 20_000,
  },
  {
    name: 'coreml, everything',
    source: "export * from '@mobileone/coreml'\n",
    without: ['@mobileone/core'],
    limit: 44_000,
  },
  {
    name: 'coreml, the older single file',
    source: "export * from '@mobileone/coreml/mlmodel'\n",
    without: ['@mobileone/core'],
    limit: 33_000,
  },
  {
    name: 'tflite, flatbuffers and fflate included',
    source: "export * from '@mobileone/tflite'\n",
    from: 'sdk',
    without: ['@mobileone/core'],
    limit: 15_000,
  },
  {
    name: 'zoo, every recipe and the reading of its weights',
    source: "export * from '@mobileone/zoo'\n",
    from: 'zoo',
    without: ['@mobileone/core'],
    limit: 15_000,
  },
  {
    name: 'react, beside the sdk',
    source: "export * from '@mobileone/react'\n",
    from: 'react',
    onDemand: [],
    without: ['@mobileone/core', 'react'],
    limit: 2_000,
  },
  {
    name: 'vue, beside the sdk',
    source: "export * from '@mobileone/vue'\n",
    from: 'vue',
    onDemand: [],
    without: ['@mobileone/core', 'vue'],
    limit: 2_000,
  },
]

/** The entry and what it imports, without dynamic imports but those whose names begin so, each of which must be there. */
function firstChunks(output, onDemand) {
  const byName = new Map(output.map((chunk) => [chunk.fileName, chunk]))
  const found = new Set(output.filter((chunk) => chunk.isEntry))
  for (const start of onDemand) {
    const chunk = output.find(({ fileName }) => fileName.startsWith(start))
    if (chunk) found.add(chunk)
    else fail(`no file ${start}* is loaded on demand any more; is it in the first download?`)
  }
  for (const chunk of found) {
    for (const name of chunk.imports ?? []) if (byName.has(name)) found.add(byName.get(name))
  }
  return [...found]
}

let failures = 0
const fail = (message) => {
  failures++
  console.error(message)
}

for (const complaint of await checkTarballs()) fail(complaint)

for (const { name, source, limit, from = 'cli', onDemand = true, without = [] } of budgets) {
  const scratch = mkdtempSync(join(root, 'packages', from, '.budget-'))
  try {
    const entry = join(scratch, 'entry.js')
    writeFileSync(entry, source)
    const outputs = await build({
      root: scratch,
      configFile: false,
      logLevel: 'error',
      build: {
        write: false,
        minify: true,
        lib: { entry, formats: ['es'], fileName: 'entry' },
        rolldownOptions: {
          // The bundler leaves white space in libraries; programs have none.
          output: { minify: true },
          external: (id) =>
            id.startsWith('node:') || without.some((part) => id === part || id.startsWith(`${part}/`)),
        },
      },
    })
    const chunks = [outputs]
      .flat()
      .flatMap(({ output }) => (onDemand === true ? output : firstChunks(output, onDemand)))
    const bytes = chunks.reduce(
      (sum, chunk) => sum + gzipSync(chunk.code ?? chunk.source, { level: 9 }).length,
      0,
    )
    console.log(`${name}: ${bytes} bytes gzipped of ${limit}`)
    if (bytes > limit) fail(`${name} is ${bytes} bytes gzipped, more than ${limit}`)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
if (failures > 0) process.exit(1)
