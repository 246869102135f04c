import { toSafetensors } from '@mobileone/checkpoint'
import { type Model, type OnProgress, reparameterize } from '@mobileone/core'
import { toOnnx } from '@mobileone/onnx'
import { defineCommand, type Flag, UsageError } from '../command.ts'
import { type CoreMLFlags, writeCoreML } from '../export-coreml.ts'
import { writeFileAtomic } from '../files.ts'
import { jsonFlag, offlineFlag, outputFlag, sha256Flag } from '../flags.ts'
import { interrupted, loadFor, withProgress } from '../session.ts'
import { formatBytes, printJson, printLine } from '../terminal.ts'

export const namingFlag = {
  type: 'string',
  value: '<whose>',
  help: 'Whose names the weights get in a safetensors file',
  choices: ['canonical', 'apple', 'timm', 'mmpretrain'],
  default: 'canonical',
} as const satisfies Flag

export const storageFlag = {
  type: 'string',
  value: '<type>',
  help: 'How a safetensors file stores numbers',
  choices: ['float32', 'float16'],
  default: 'float32',
} as const satisfies Flag

interface ExportFlags extends CoreMLFlags {
  readonly naming: string
  readonly storage: string
  readonly softmax: boolean
  readonly preprocess: boolean
  readonly 'dynamic-batch': boolean
}

type Format = 'safetensors' | 'onnx' | 'coreml'

/** The endings that tell a format where `--format` does not. */
const endings: readonly (readonly [RegExp, Format])[] = [
  [/\.onnx$/, 'onnx'],
  [/\.(mlpackage|mlpackage\.zip|mlmodel)$/, 'coreml'],
]

/** The flags that only some formats read, and which. */
const readers: Readonly<Partial<Record<keyof ExportFlags, readonly Format[]>>> = {
  softmax: ['onnx'],
  preprocess: ['onnx'],
  'dynamic-batch': ['onnx'],
  precision: ['coreml'],
  input: ['coreml'],
  target: ['coreml'],
  embedding: ['coreml'],
  swift: ['coreml'],
}

export const exportModel = defineCommand({
  name: 'export',
  summary: 'Write a model in another format.',
  details:
    'For Core ML the output is a package for Xcode (X.mlpackage), the same zipped (X.mlpackage.zip), or the older single file\n' +
    '(X.mlmodel). The model takes an image of exactly its size and gives labels with probabilities; where the weights do not say\n' +
    "how pictures were prepared and what the classes are called, ImageNet's statistics and, for 1000 classes, its labels are\n" +
    'written. --swift adds a Swift file that loads the package, classifies a CGImage and measures latency. Nothing of this was run\n' +
    'on Apple hardware.',
  positionals: '<weights>',
  minPositionals: 1,
  maxPositionals: 1,
  flags: {
    format: {
      type: 'string',
      short: 'f',
      value: '<name>',
      help: 'What to write; default: as the ending of the output says, else safetensors',
      choices: ['safetensors', 'onnx', 'coreml'],
    },
    output: { ...outputFlag, help: 'The file to write, or the folder of a Core ML package' },
    form: {
      type: 'string',
      value: '<form>',
      help: 'deploy folds the branches first; train keeps the file as it is',
      choices: ['deploy', 'train'],
      default: 'deploy',
    },
    softmax: { type: 'boolean', help: 'onnx: end in probabilities instead of logits' },
    preprocess: { type: 'boolean', help: 'onnx: take pixels of 0..255 and normalise them in the graph' },
    'dynamic-batch': { type: 'boolean', help: 'onnx: leave the batch size open' },
    precision: {
      type: 'string',
      value: '<type>',
      help: 'coreml: float16 (default of packages), float32 (never on the Neural Engine), or int8 weights',
      choices: ['float32', 'float16', 'int8'],
    },
    input: {
      type: 'string',
      value: '<kind>',
      help: 'coreml: image takes pixels and normalises them in the program; array takes normalised values',
      choices: ['image', 'array'],
    },
    embedding: { type: 'boolean', help: 'coreml: also show the pooled features' },
    target: {
      type: 'string',
      value: '<system>',
      help: 'coreml: the oldest system that must load the package',
      choices: ['ios15', 'ios16', 'ios17', 'ios18'],
    },
    swift: {
      type: 'boolean',
      help: 'coreml: write a Swift file beside it that loads, classifies and measures',
    },
    naming: namingFlag,
    storage: storageFlag,
    sha256: sha256Flag,
    offline: offlineFlag,
    json: jsonFlag,
  },
  examples: [
    'mobileone export mobileone_s0_unfused.pth.tar -o s0.safetensors',
    'mobileone export timm/mobileone_s0.apple_in1k --form train --naming apple -o s0-apple.safetensors',
    'mobileone export timm/mobileone_s0.apple_in1k -o MobileOne.mlpackage --precision float16 --swift',
  ],
  async run([input = ''], flags) {
    const { output } = flags
    if (output === undefined) throw new UsageError('tell where to write with -o <path>')
    const format =
      (flags.format as Format | undefined) ??
      endings.find(([ending]) => ending.test(output))?.[1] ??
      'safetensors'
    for (const [flag, formats] of Object.entries(readers)) {
      const given = flags[flag as keyof typeof flags]
      if (given !== undefined && given !== false && !formats.includes(format))
        throw new UsageError(`--${flag} is for --format ${formats.join(', ')}; this is ${format}`)
    }
    const loaded = await loadFor({ weights: input, ...flags })
    const isTrain = loaded.nodes.some((node) => node.op === 'batchNorm')
    if (flags.form === 'train' && !isTrain) {
      throw new UsageError(
        `${input} is folded already; its branches cannot be brought back (use --form deploy)`,
      )
    }
    const model = flags.form === 'deploy' ? reparameterize(loaded) : loaded
    const { bytes, swift } = await withProgress((onProgress) =>
      write(model, output, format, flags, onProgress),
    )
    if (flags.json) {
      printJson({ input, output, format, form: flags.form, bytes, ...(swift !== undefined && { swift }) })
      return
    }
    printLine(`${output} (${format}, ${flags.form} form, ${formatBytes(bytes)})`)
    if (swift !== undefined) printLine(swift)
  },
})

async function write(
  model: Model,
  output: string,
  format: Format,
  flags: ExportFlags,
  onProgress: OnProgress,
): Promise<{ readonly bytes: number; readonly swift?: string }> {
  switch (format) {
    case 'coreml':
      return writeCoreML(model, output, flags, onProgress, interrupted)
    case 'safetensors': {
      const { naming, storage } = flags
      return save(
        output,
        toSafetensors(model, { naming: naming as 'canonical', storage: storage as 'float32' }),
      )
    }
    case 'onnx': {
      const { softmax, preprocess, 'dynamic-batch': dynamicBatch } = flags
      return save(output, toOnnx(model, { softmax, preprocess, dynamicBatch }))
    }
    default:
      return format satisfies never
  }
}

async function save(output: string, bytes: Uint8Array): Promise<{ readonly bytes: number }> {
  await writeFileAtomic(output, bytes)
  return { bytes: bytes.length }
}
