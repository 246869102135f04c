import { hasInt8Weights, refuseNonFinite } from '@mobileone/core'
import { defineCommand, UsageError } from '../command.ts'
import { jsonFlag, offlineFlag, sha256Flag, shapeFlags, variantFlag, weightsFlag } from '../flags.ts'
import { foldFor, interrupted, loadFor, sourceOf } from '../session.ts'
import { formatBytes, printJson, printLine } from '../terminal.ts'
import { writeFolderAtomic } from '../write-folder.ts'

const nextSteps = {
  ray: [
    'pip install -r requirements.txt',
    'python classify_pictures.py --pictures <folder> --output <folder>',
  ],
  triton: ['README.md has the command that starts the server', 'python triton_client.py <picture>'],
} as const

export const plan = defineCommand({
  name: 'plan',
  summary: 'Write the files with which other engines run a model on many machines.',
  details:
    'ray: a Python script that classifies a folder or a bucket of pictures with Ray Data and ONNX Runtime, into Parquet files. It goes\n' +
    'on where it was stopped.\n' +
    'triton: a model repository for the Triton Inference Server, which batches the requests of many clients, and a client in Python.\n' +
    '\n' +
    'Both hold the folded network as an ONNX file that takes pixels and gives probabilities, and prepare pictures as this program does.\n' +
    'Training on many GPUs is planned by train --plan torch.',
  positionals: '<ray|triton>',
  minPositionals: 1,
  maxPositionals: 1,
  flags: {
    weights: weightsFlag,
    variant: variantFlag,
    output: { type: 'string', short: 'o', value: '<folder>', help: 'The folder to write' },
    top: { type: 'number', short: 'k', value: '<k>', help: 'Classes of each picture', default: 5 },
    'max-batch-size': {
      type: 'number',
      value: '<n>',
      help: 'triton: the most pictures of a batch',
      default: 32,
    },
    'queue-delay': {
      type: 'number',
      least: 0,
      value: '<microseconds>',
      help: 'triton: how long a request waits for others to share its batch',
      default: 2000,
    },
    gpu: { type: 'boolean', help: 'triton: run on a GPU' },
    ...shapeFlags,
    sha256: sha256Flag,
    offline: offlineFlag,
    json: jsonFlag,
  },
  examples: [
    'mobileone plan ray --variant s0 -o ray/',
    'mobileone plan triton --weights mine.safetensors -o triton/ --max-batch-size 64 --gpu',
  ],
  async run([engine = ''], flags) {
    if (engine === 'torch') throw new UsageError('training is planned by mobileone train --plan torch')
    if (engine !== 'ray' && engine !== 'triton')
      throw new UsageError(`there is no plan for "${engine}"; the plans are ray and triton`)
    if (flags.output === undefined) throw new UsageError('say where to write with -o <folder>')
    const output = flags.output.replace(/[/\\]+$/, '')
    const loaded = await loadFor(flags)
    refuseNonFinite(loaded, `${sourceOf(flags)} cannot be used elsewhere`)
    const model = hasInt8Weights(loaded) ? loaded : await foldFor(loaded)
    const { rayPlan } = await import('../plans/ray-plan.ts')
    const { tritonPlan } = await import('../plans/triton-plan.ts')
    const { top, gpu, 'max-batch-size': maxBatchSize, 'queue-delay': queueDelay } = flags
    const files =
      engine === 'ray'
        ? await rayPlan(model, { top })
        : await tritonPlan(model, { top, gpu, maxBatchSize, queueDelay })
    await writeFolderAtomic(output, files, interrupted)
    const listed = files.map(({ path, bytes }) => ({ path: `${output}/${path}`, bytes: bytes.length }))
    if (flags.json) return printJson({ engine, output, files: listed })
    for (const { path, bytes } of listed) printLine(`${path} (${formatBytes(bytes)})`)
    printLine()
    printLine(`In ${output}:`)
    for (const step of nextSteps[engine]) printLine(`  ${step}`)
  },
})
