import { toSafetensors } from '@mobileone/checkpoint'
import { type Model, reparameterize } from '@mobileone/core'
import { toOnnx } from '@mobileone/onnx'
import { defineCommand, type Flag, UsageError } from '../command.ts'
import { writeFileAtomic } from '../files.ts'
import { jsonFlag, offlineFlag, outputFlag, sha256Flag } from '../flags.ts'
import { loadFor } from '../session.ts'
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

interface ExportFlags {
  readonly naming: string
  readonly storage: string
  readonly softmax: boolean
  readonly preprocess: boolean
  readonly 'dynamic-batch': boolean
}

/** What each `--format` makes of a model. */
const formats: Readonly<Record<string, (model: Model, flags: ExportFlags) => Uint8Array>> = {
  safetensors: (model, { naming, storage }) =>
    toSafetensors(model, { naming: naming as 'canonical', storage: storage as 'float32' }),
  onnx: (model, { softmax, preprocess, 'dynamic-batch': dynamicBatch }) =>
    toOnnx(model, { softmax, preprocess, dynamicBatch }),
}

export const exportModel = defineCommand({
  name: 'export',
  summary: 'Write a model in another format.',
  positionals: '<weights>',
  minPositionals: 1,
  maxPositionals: 1,
  flags: {
    format: {
      type: 'string',
      short: 'f',
      value: '<name>',
      help: 'What to write',
      choices: Object.keys(formats),
      default: 'safetensors',
    },
    output: outputFlag,
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
    naming: namingFlag,
    storage: storageFlag,
    sha256: sha256Flag,
    offline: offlineFlag,
    json: jsonFlag,
  },
  examples: [
    'mobileone export mobileone_s0_unfused.pth.tar --format safetensors -o s0.safetensors',
    'mobileone export timm/mobileone_s0.apple_in1k --form train --naming apple -o s0-apple.safetensors',
  ],
  async run([input = ''], flags) {
    if (flags.output === undefined) throw new UsageError('tell where to write with -o <path>')
    const loaded = await loadFor({ weights: input, ...flags })
    const isTrain = loaded.nodes.some((node) => node.op === 'batchNorm')
    if (flags.form === 'train' && !isTrain) {
      throw new UsageError(
        `${input} is folded already; its branches cannot be brought back (use --form deploy)`,
      )
    }
    const model = flags.form === 'deploy' ? reparameterize(loaded) : loaded
    const bytes = formats[flags.format]?.(model, flags) ?? new Uint8Array()
    await writeFileAtomic(flags.output, bytes)
    if (flags.json)
      printJson({ input, output: flags.output, format: flags.format, form: flags.form, bytes: bytes.length })
    else printLine(`${flags.output} (${flags.format}, ${flags.form} form, ${formatBytes(bytes.length)})`)
  },
})
