import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import {
  modelFromCheckpoint,
  readCheckpoint,
  toFloat32,
  toSafetensors,
} from '../../packages/checkpoint/src/index.ts'
import {
  imagenetPreprocess,
  initialize,
  type Model,
  mobileone,
  type Random,
  reparameterize,
  spec,
} from '../../packages/core/src/index.ts'
import { fromMLModel } from '../../packages/coreml/src/neural-network/from-mlmodel.ts'
import { toMLModel } from '../../packages/coreml/src/neural-network/to-mlmodel.ts'
import { manifestPath, modelPath, weightsPath, zipPackage } from '../../packages/coreml/src/package.ts'
import { describeCoreML } from '../../packages/coreml/src/read/describe-coreml.ts'
import { fromCoreML } from '../../packages/coreml/src/read/from-coreml.ts'
import { toCoreML } from '../../packages/coreml/src/write/to-coreml.ts'
import { fromOnnx } from '../../packages/onnx/src/from-onnx.ts'
import { toOnnx } from '../../packages/onnx/src/to-onnx.ts'
import { backboneOf, ExampleSet, Head, loadExamples, loadHead } from '../../packages/sdk/src/head/index.ts'
import { readHeader, withoutOrientation } from '../../packages/vision/src/container.ts'
import { readIdx } from '../../packages/vision/src/idx.ts'
import { constructPyTorch, constructSafetensors } from './construct-checkpoint.ts'
import { constructHead } from './construct-head.ts'
import { constructIdx, constructPicture } from './construct-pictures.ts'
import type { FuzzedParser } from './parser.ts'
import { encodeTree, type Field, mutateTree, parseTree } from './protobuf-tree.ts'

/** Commands and tests run from the root of the repository. */
const packages = join(process.cwd(), 'packages')
const { unzipSync, zipSync } = createRequire(join(packages, 'coreml/package.json'))('fflate') as {
  unzipSync(bytes: Uint8Array): Record<string, Uint8Array>
  zipSync(files: Record<string, Uint8Array>, options: { level: 0 | 1; mtime: Date }): Uint8Array
}

/** Of every entry, so that equal plans give equal bytes. */
const zipTime = new Date(1980, 0, 1)

function files(folder: string, name: RegExp, largest = 70_000): Uint8Array[] {
  return readdirSync(join(packages, folder))
    .filter((file) => name.test(file))
    .sort()
    .map((file) => new Uint8Array(readFileSync(join(packages, folder, file))))
    .filter(({ length }) => length <= largest)
}

/** As small as a network with every part can be: most of the time goes into reading, not into what was read. */
const train = initialize(
  mobileone(
    {
      name: 'tiny',
      input: { channels: 3, size: [16, 16] },
      stem: { channels: 2, stride: 2, branches: 1 },
      stages: [{ blocks: 1, channels: 2, stride: 2, branches: 2, squeezeExcite: 1 }],
      classes: 3,
    },
    { form: 'train' },
  ),
  { seed: 1, statistics: 'random' },
)
const deploy = { ...reparameterize(train), card: { labels: ['a', 'b', 'c'] } }

/** The ops of decoders, each with its attributes. */
const decoder: Model = {
  name: 'decoder',
  inputs: { x: spec([1, 2, 4, 6]) },
  nodes: [
    { op: 'maxPool', name: 'pool', inputs: ['x'], kernel: [3, 3], stride: [2, 2], padding: [1, 1] },
    { op: 'upsample', name: 'large', inputs: ['pool'], mode: 'nearest', scale: [2, 2] },
    { op: 'upsample', name: 'linear', inputs: ['pool'], mode: 'bilinear', size: [4, 6] },
    { op: 'concat', name: 'joined', inputs: ['x', 'large', 'linear'], axis: 1 },
    { op: 'slice', name: 'part', inputs: ['joined'], axis: 1, start: 1, end: 5 },
    { op: 'hardSwish', name: 'swish', inputs: ['part'] },
    { op: 'hardSigmoid', name: 'gate', inputs: ['swish'] },
    { op: 'relu6', name: 'y', inputs: ['gate'] },
  ],
  outputs: { y: 'y' },
  weights: {},
}

function readWeights(bytes: Uint8Array): unknown {
  const checkpoint = readCheckpoint(bytes)
  const floats = [...checkpoint.tensors.values()].map((stored) =>
    stored.dtype.startsWith('float8') ? undefined : toFloat32(stored),
  )
  return [floats, modelFromCheckpoint(checkpoint)]
}

function safetensors(): FuzzedParser {
  const samples = [toSafetensors(train), toSafetensors(deploy, { naming: 'timm', storage: 'float16' })]
  return { name: 'safetensors', samples, read: readWeights, construct: constructSafetensors }
}

function head(): FuzzedParser {
  const backbone = backboneOf(deploy, imagenetPreprocess([16, 16], 3))!
  const embedding = new Float32Array(backbone.features).fill(0.5)
  const weight = new Float32Array(2 * backbone.features)
  const classifier = { backbone, embed: () => Promise.reject(new Error('no picture is embedded')) }
  const set = new ExampleSet(classifier)
  for (const label of ['a', 'b', 'a']) set.addEmbedding(label, embedding)
  const fitted = new Head({
    ...{ labels: ['a', 'b'], weight, bias: new Float32Array(2), backbone },
    report: {
      classes: [
        { label: 'a', examples: 2 },
        { label: 'b', examples: 1 },
      ],
      crossValidation: {
        folds: 3,
        pictures: 2,
        accuracy: 0.5,
        confusion: [
          [1, 1],
          [0, 0],
        ],
      },
      ...{ trainingAccuracy: 1, regularization: 0.1, iterations: 3, converged: true, milliseconds: 2 },
    },
  })
  const samples = [fitted.toBytes(), set.toBytes()]
  const read = (bytes: Uint8Array): unknown => {
    const isHead = new TextDecoder('latin1').decode(bytes).includes('mobileone.head')
    return isHead ? loadHead(bytes).predict(embedding) : loadExamples(classifier, bytes).toBytes()
  }
  return { name: 'head', samples, read, construct: (source) => constructHead(source, samples) }
}

function pytorch(): FuzzedParser {
  const samples = files('checkpoint/test/data', /\.(pt|pth)$/)
  const legacy = readFileSync(join(packages, 'checkpoint/test/data/types.legacy.pt'))
  const head = new Uint8Array(legacy.subarray(0, legacy.indexOf('.', legacy.indexOf('little_endian')) + 1))
  return {
    name: 'pytorch',
    samples,
    read: readWeights,
    construct: (source) => constructPyTorch(source, head),
  }
}

/** Bytes of a mutated file that is still tried: repeated fields of repeated messages make gigabytes. */
const longestFile = 2 ** 25

/** Files whose messages have other fields than the samples'. */
function fromTrees(samples: readonly Uint8Array[]): (source: Random) => Uint8Array {
  const trees = samples.map((sample) => parseTree(sample) as Field[])
  return (source) => {
    const index = source.integer(0, samples.length - 1)
    return encodeTree(mutateTree(trees[index]!, source), longestFile) ?? samples[index]!
  }
}

function onnx(): FuzzedParser {
  const samples = [
    toOnnx(train),
    toOnnx(deploy, { dynamicBatch: true }),
    toOnnx(decoder, { dynamicBatch: true }),
    toOnnx(decoder),
    ...files('onnx/test/fixtures', /\.onnx$/, 10_000),
  ]
  const read = (bytes: Uint8Array): unknown => fromOnnx(bytes, { shapes: {} })
  return { name: 'onnx', samples, read, construct: fromTrees(samples) }
}

function mlmodel(): FuzzedParser {
  const nodes = decoder.nodes.map((node) =>
    node.op === 'upsample' && node.mode === 'bilinear'
      ? { ...node, mode: 'nearest' as const, size: [4, 6] as const }
      : node,
  )
  const samples = [
    toMLModel(deploy),
    toMLModel(deploy, { weights: 'float16' }),
    toMLModel({ ...decoder, nodes }),
  ]
  const read = (bytes: Uint8Array): unknown => [describeCoreML(bytes), fromMLModel(bytes)]
  return { name: 'mlmodel', samples, read, construct: fromTrees(samples) }
}

/** Bytes of a mutated model: more of them take longer to pack than to judge. */
const longestModel = 2e6

function mlpackage(): FuzzedParser {
  const samples = [
    zipPackage(toCoreML(deploy)),
    zipPackage(toCoreML(decoder)),
    ...files('coreml/test/fixtures', /(6|block|sparse|vector)\.zip$/),
  ]
  const opened = samples.map((sample) => Object.entries(unzipSync(sample)))
  const trees = opened.map(
    (entries) => parseTree(entries.find(([path]) => path.endsWith(modelPath))![1]) as Field[],
  )
  const construct = (source: Random): Uint8Array => {
    const index = source.integer(0, samples.length - 1)
    const changed = opened[index]!.map(([path, bytes]): [string, Uint8Array] => {
      if (path.endsWith(modelPath) && source.next() < 0.8) {
        return [path, encodeTree(mutateTree(trees[index]!, source), longestModel) ?? bytes]
      }
      const isOdd = source.next() < 0.2 && (path.endsWith(weightsPath) || path.endsWith(manifestPath))
      if (!isOdd) return [path, bytes]
      const copy = bytes.slice(0, source.next() < 0.3 ? source.integer(0, bytes.length) : undefined)
      for (let at = 0; at < copy.length; at++) if (source.next() < 0.02) copy[at] = source.integer(0, 255)
      return [path, copy]
    })
    const packed = zipSync(Object.fromEntries(changed), {
      level: source.next() < 0.7 ? 0 : 1,
      mtime: zipTime,
    })
    const view = new DataView(packed.buffer)
    if (source.next() < 0.2)
      view.setUint32(packed.length - source.integer(8, 60), source.integer(0, 2 ** 31), true)
    return packed
  }
  const read = (bytes: Uint8Array): unknown => [describeCoreML(bytes), fromCoreML(bytes)]
  return { name: 'mlpackage', samples, read, construct }
}

function images(): FuzzedParser {
  const samples = files('vision/test/fixtures/images', /\.(jpg|png|gif|webp|tif)$/)
  const read = (bytes: Uint8Array): unknown => [readHeader(bytes), withoutOrientation(bytes)]
  return { name: 'images', samples, read, construct: constructPicture }
}

function idx(): FuzzedParser {
  const plain = Uint8Array.of(
    0,
    0,
    8,
    3,
    0,
    0,
    0,
    2,
    0,
    0,
    0,
    2,
    0,
    0,
    0,
    3,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
  )
  return { name: 'idx', samples: [plain], read: (bytes) => readIdx(bytes), construct: constructIdx }
}

/** Every parser of foreign bytes, by name. */
export const parsers: Readonly<Record<string, () => FuzzedParser>> = {
  safetensors,
  head,
  pytorch,
  onnx,
  mlmodel,
  mlpackage,
  images,
  idx,
}
