import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { wasm } from '../../packages/backend-wasm/src/index.ts'
import { inspectCheckpoint, readCheckpoint, toSafetensors } from '../../packages/checkpoint/src/index.ts'
import {
  initialize,
  type Model,
  mobileone,
  type Preprocess,
  reparameterize,
  variants,
  withCard,
} from '../../packages/core/src/index.ts'
import { toOnnx } from '../../packages/onnx/src/index.ts'
import { toTflite } from '../../packages/tflite/src/index.ts'
import { smallNetwork } from '../../packages/train/src/index.ts'
import { zooNetwork } from '../../packages/zoo/src/index.ts'
import { root } from './exports.ts'

/** What a block of code needs beside its text, or why it is not run. A block without a row is run as it stands. */
export interface SnippetCase {
  readonly document: string
  /** Text that only this block of the document has. */
  readonly has: string
  /** Code before it: what its document says is there. */
  readonly before?: string
  /** Files of the folder that it runs in, by path: their text, or `copy:` and a path from the root. */
  readonly files?: Readonly<Record<string, string>>
  /** The file, from the root, that every server answers with. Without it there is no network. */
  readonly served?: string
  /** Calls every function that the block exports, and looks at what it printed. */
  // biome-ignore lint/suspicious/noExplicitAny: what a block exports is checked where it is compiled
  readonly check?: (exports: any, printed: readonly (readonly unknown[])[]) => void | Promise<void>
  /** Why it cannot run here; it is compiled all the same. */
  readonly compiledOnly?: string
}

/** Languages of blocks that only other machines can compile. */
export const notOfThisMachine: Readonly<Record<string, string>> = {
  swift: "needs Apple's compiler",
  python: 'needs other libraries of Python',
  kotlin: "needs Android's compiler and MediaPipe",
}

const rule: Preprocess = {
  size: [224, 224],
  resize: 256,
  interpolation: 'bilinear',
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
}

/** A small network in train form; [1, 1, 28, 28] to ten classes. */
const trained = (): Model => initialize(mobileone(smallNetwork(), { form: 'train' }), { seed: 0 })

/** S0, folded, with random weights and a card. */
const s0 = (): Model =>
  withCard(initialize(mobileone(variants.s0, { form: 'deploy' }), { seed: 0 }), { preprocess: rule })

/** A small network for RGB images of another size, with a card. */
const small = (size: readonly [height: number, width: number]): Model =>
  withCard(
    reparameterize(
      initialize(mobileone(smallNetwork({ input: { channels: 3, size } }), { form: 'train' }), { seed: 0 }),
    ),
    {
      preprocess: { ...rule, size },
    },
  )

const needsBrowser = 'needs the workers of a browser'
const clothes = 'copy:apps/demo/assets/images'
const photograph = 'packages/vision/test/fixtures/images/chroma-420.jpg'

export const cases: readonly SnippetCase[] = [
  {
    document: 'README.md',
    has: 'classifier.watch(video',
    compiledOnly: 'needs a page with a camera; examples/camera/test runs one',
  },
  {
    document: 'docs/backends.md',
    has: 'const model = makeModel(',
    before: "import { convNode, makeModel, normalInputs } from '@mobileone/conformance'",
  },
  {
    document: 'docs/sizes.md',
    has: "model: '/s0.safetensors'",
    compiledOnly: needsBrowser,
  },
  {
    document: 'docs/start.md',
    has: "from '@mobileone/sdk/worker'",
    compiledOnly: needsBrowser,
  },
  {
    document: 'docs/weights.md',
    has: 'const checkpoint = readCheckpoint(bytes)',
    served: 'apps/demo/assets/fashion-mnist.safetensors',
  },
  {
    document: 'docs/weights.md',
    has: "model: './mine.pth'",
    before: `
import { writeFileSync } from 'node:fs'
import { toSafetensors } from '@mobileone/checkpoint'
import { initialize, mobileone } from '@mobileone/core'
import { smallNetwork } from '@mobileone/train'
const config = smallNetwork({ input: { channels: 3, size: [128, 128] }, classes: 3 })
writeFileSync('mine.pth', toSafetensors(initialize(mobileone(config, { form: 'train' }), { seed: 0 })))`,
  },
  {
    document: 'docs/weights.md',
    has: "integrity: 'sha256-",
    before: "import { fetchWeights } from '@mobileone/hub'\ndeclare const url: string",
    compiledOnly: 'the hashes are of published weights, which a test cannot download',
  },
  {
    document: 'docs/weights.md',
    has: "openDiskCache('/srv/models')",
    before: 'declare const id: string',
    compiledOnly: 'writes outside of the folder of the test',
  },
  {
    document: 'docs/workers.md',
    has: 'serveClassifier({ backends:',
    compiledOnly: 'is the module of a worker; packages/sdk/test starts ones like it',
  },
  {
    document: 'docs/workers.md',
    has: "backend: ['tfjs', 'wasm']",
    before: "import { createWorkerClassifier } from '@mobileone/sdk/worker'",
    compiledOnly: needsBrowser,
  },
  {
    document: 'examples/own-networks/README.md',
    has: 'export async function heatmap(',
    async check({ heatmap }) {
      const weights = readFileSync(join(root, 'apps/demo/assets/fashion-mnist.safetensors'))
      const { file, shape } = await heatmap(weights)
      expect(shape).toHaveLength(4)
      expect([...readCheckpoint(file).tensors.keys()]).toContain('neck.weight')
    },
  },
  {
    document: 'packages/backend-ort/README.md',
    has: "import('onnxruntime-web')",
    compiledOnly: 'needs a page that serves /assets/ort',
  },
  {
    document: 'packages/backend-tfjs/README.md',
    has: "tfjs({ lib: tf, backend: 'webgl' })",
    compiledOnly: 'needs a page with WebGL',
  },
  {
    document: 'packages/backend-wasm/README.md',
    has: 'export async function logits(',
    async check({ logits }) {
      expect(await logits(s0(), new Float32Array(3 * 224 * 224))).toHaveLength(1000)
    },
  },
  {
    document: 'packages/backend-wasm/README.md',
    has: 'export async function compileFastest(',
    async check({ compileFastest }) {
      const executor = await compileFastest(s0())
      expect(executor.features).toContain('simd')
      await executor.dispose()
    },
  },
  {
    document: 'packages/backend-webgpu/README.md',
    has: 'compileFirst(model, [webgpu(), wasm()]',
    async check({ compile }) {
      const executor = await compile(reparameterize(trained()))
      expect(['webgpu', 'wasm']).toContain(executor.backend)
      await executor.dispose()
    },
  },
  {
    document: 'packages/backend-webgpu/README.md',
    has: 'create([])',
    compiledOnly: 'starts Dawn, which needs a driver for Vulkan, Metal or Direct3D',
  },
  {
    document: 'packages/backend-webgpu/README.md',
    has: 'executor.runImage(',
    compiledOnly: 'needs a page with WebGPU',
  },
  {
    document: 'packages/backend-webgpu/README.md',
    has: 'executor.runOnGpu(',
    compiledOnly: 'needs a GPU',
  },
  {
    document: 'packages/checkpoint/README.md',
    has: 'export async function fold(',
    files: { 'trained.pth': 'copy:packages/checkpoint/test/data/torch-legacy.pth' },
    async check({ fold }) {
      expect(await fold('trained.pth', 'folded.safetensors')).toMatch(
        /^pytorch-legacy: \d+ tensors in, 20 out$/,
      )
      expect(inspectCheckpoint(readCheckpoint(readFileSync('folded.safetensors')))).toMatchObject({
        naming: 'timm',
        form: 'deploy',
      })
    },
  },
  {
    document: 'packages/conformance/README.md',
    has: "from '@mobileone/conformance/vitest'",
    files: { 'src/index.ts': "export { reference as mine } from '@mobileone/core'\n" },
    compiledOnly: 'is a test file; packages/conformance/test/example.test.ts is one like it that runs',
  },
  {
    document: 'packages/conformance/README.md',
    has: 'test(name, { skip: skip ?? false }, run)',
    before: `
import { conformance } from '@mobileone/conformance'
import { reference as mine } from '@mobileone/core'
let runs = 0
const test = (_: string, { skip }: { skip: string | boolean }, run: () => Promise<void>) =>
  skip === false && ++runs <= 2 ? run() : undefined`,
  },
  {
    document: 'packages/core/README.md',
    has: 'profile(deploy).macs)',
    check(_, printed) {
      expect(printed.at(-1)).toEqual([5293272, 2078504, 275110400])
    },
  },
  {
    document: 'packages/core/README.md',
    has: 'new NetworkBuilder(backbone)',
    check(_, printed) {
      expect(printed).toEqual([[[1, 4, 14, 14]]])
    },
  },
  {
    document: 'packages/coreml/README.md',
    has: 'export function forBrowser(',
    check({ forBrowser, swiftFor, read }) {
      const model = small([32, 32])
      expect(read(forBrowser(model)).outputs).toHaveProperty('embedding')
      expect(swiftFor(model)).toContain('import CoreML')
    },
  },
  {
    document: 'packages/coreml/README.md',
    has: 'coremlAppleBackend(',
    check(_, printed) {
      expect(printed[0]).toMatchObject([{ ok: process.platform === 'darwin' }])
    },
  },
  {
    document: 'packages/onnx/README.md',
    has: 'dynamicBatch: true',
    check({ write, read }) {
      const model = small([32, 32])
      expect(new TextDecoder('latin1').decode(write(model))).toContain('probabilities')
      expect(read(toOnnx(model, { dynamicBatch: true })).inputs.image?.shape).toEqual([4, 3, 32, 32])
    },
  },
  {
    document: 'packages/onnx/README.md',
    has: 'export function readAt(',
    check({ readAt }) {
      const file = toOnnx(small([256, 320]), { dynamicBatch: true })
      expect(readAt(file).inputs.image?.shape).toEqual([1, 3, 256, 320])
    },
  },
  {
    document: 'packages/sdk/README.md',
    has: 'export async function shrink(',
    files: {
      'clothes.safetensors': 'copy:apps/demo/assets/fashion-mnist.safetensors',
      'photograph.jpg': `copy:${photograph}`,
    },
    async check({ shrink }, printed) {
      await shrink('clothes.safetensors', 'clothes.int8.safetensors', ['photograph.jpg'])
      expect(String(printed.at(-1)?.[0])).toMatch(/^w8a7: \d+ layers in integers/m)
      const { metadata } = readCheckpoint(readFileSync('clothes.int8.safetensors'))
      expect(metadata.get('quantization')).toBe('w8a7')
    },
  },
  {
    document: 'packages/sdk/README.md',
    has: 'classifier.fewShot({ cats: catFiles, dogs: dogFiles })',
    files: {
      'fashion-mnist.safetensors': 'copy:apps/demo/assets/fashion-mnist.safetensors',
      'trouser.png': `${clothes}/2-trouser.png`,
      'boot.png': `${clothes}/0-ankle-boot.png`,
    },
    before: `
import { createClassifier, toSafetensors } from '@mobileone/sdk'
const classifier = await createClassifier({ model: 'fashion-mnist.safetensors' })
const [catFiles, dogFiles, picture] = [['boot.png'], ['trouser.png'], 'boot.png']`,
  },
  {
    document: 'packages/tfjs-wasm-gradients/README.md',
    has: 'registerWasmGradients(tf)',
    check(_, printed) {
      const losses = printed.flat(2).filter((each) => typeof each === 'number')
      expect(losses).toHaveLength(20)
      expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 4)
    },
  },
  {
    document: 'packages/tflite/README.md',
    has: 'toTflite(reparameterize(model))',
    check({ write }) {
      expect(write(trained())).toEqual(toTflite(reparameterize(trained())))
    },
  },
  {
    document: 'packages/train/README.md',
    has: 'smallNetwork()',
    compiledOnly: 'trains for minutes, on a data set to install; packages/train/test runs what it calls',
  },
  {
    document: 'packages/train/README.md',
    has: 'measureMeanStd(training',
    files: Object.fromEntries(
      ['0-ankle-boot', '8-sandal', '9-sneaker', '2-trouser', '13-dress', '6-coat'].map((name, index) => [
        `flowers/${index < 3 ? 'aster' : 'rose'}/${name}.png`,
        `${clothes}/${name}.png`,
      ]),
    ),
    check(_, printed) {
      expect(printed).toEqual([[6, 1]])
    },
  },
  {
    document: 'packages/vision/README.md',
    has: 'photograph: File',
    async check({ name }) {
      const model = s0()
      const executor = await wasm().compile(model)
      const file = new File([readFileSync(join(root, photograph))], 'photo.jpg')
      expect(await name(model, executor, file)).toMatch(/^\w.*: 0\.\d+$/)
      await executor.dispose()
    },
  },
  {
    document: 'packages/vision/README.md',
    has: 'export function nameDetected(',
    async check({ nameDetected }) {
      const executor = await wasm().compile(s0())
      const file = new File([readFileSync(join(root, photograph))], 'photo.jpg')
      const box = { x: 3, y: 2, width: 20, height: 10 }
      expect(await nameDetected(executor, file, box, rule)).toHaveLength(5)
      await executor.dispose()
    },
  },
  {
    document: 'packages/vision/README.md',
    has: "decode('photo.jpg'",
    files: { 'photo.jpg': `copy:${photograph}` },
    check(_, printed) {
      expect(printed).toEqual([[341, 3 * 224 * 224, [1, 3, 224, 224]]])
    },
  },
  {
    document: 'packages/vision/README.md',
    has: 'export function alike(',
    check({ show, alike }, printed) {
      const logits = Float32Array.from({ length: 1000 }, (_, index) => (index === 0 ? 9 : 0))
      show(logits)
      expect(printed.at(-1)).toEqual(['n01440764'])
      expect(alike(logits, logits)).toBe(true)
    },
  },
  {
    document: 'packages/zoo/README.md',
    has: 'zooModelFromCheckpoint(await',
    async check({ load }) {
      const model = initialize(zooNetwork('tinynet_e_silu', { form: 'train', classes: 3 }), { seed: 1 })
      const loaded: Model = await load(toSafetensors(model, { graph: false }))
      expect([loaded.name, loaded.weights['classifier.weight']?.shape]).toEqual(['tinynet_e_silu', [3, 1280]])
    },
  },
  {
    document: 'packages/sdk/README.md',
    has: 'zooNetworks()',
    compiledOnly: 'downloads published weights; packages/sdk/test/networks.test.ts has a server of its own',
  },
]
