import { toSafetensors } from '@mobileone/checkpoint'
import {
  compareModels,
  hasInt8Weights,
  MobileOneError,
  type Model,
  profile,
  refuseNonFinite,
} from '@mobileone/core'
import { createBackend } from '../backends.ts'
import { defineCommand, UsageError } from '../command.ts'
import { writeFileAtomic } from '../files.ts'
import {
  jsonFlag,
  namingFlag,
  offlineFlag,
  outputFlag,
  sha256Flag,
  shapeFlags,
  storageFlag,
} from '../flags.ts'
import { foldFor, interrupted, loadFor } from '../session.ts'
import { formatBytes, formatCount, formatMs, printable, printJson, printLine } from '../terminal.ts'

/** Largest side of the random inputs the two forms are compared on: large enough to exercise every stride. */
const verifySize = 64
/** Relative to the largest output: float32 rounding grows with depth, anything beyond this is a wrong fold. */
const tolerance = 1e-3

export const reparam = defineCommand({
  name: 'reparam',
  summary:
    'Fold the branches of a train-form checkpoint into a plain network, check the result against the original, and save it.',
  details:
    'Both forms run on the same random inputs and the largest difference is reported. If it is more than float32 rounding\nexplains, nothing is written.',
  positionals: '<weights>',
  minPositionals: 1,
  maxPositionals: 1,
  flags: {
    output: { ...outputFlag, help: 'The .safetensors file to write' },
    naming: namingFlag,
    storage: storageFlag,
    backend: {
      type: 'string',
      short: 'b',
      value: '<name>',
      help: 'Where the check runs',
      choices: ['reference', 'wasm'],
      default: 'reference',
    },
    ...shapeFlags,
    sha256: sha256Flag,
    offline: offlineFlag,
    json: jsonFlag,
  },
  examples: [
    'mobileone reparam mobileone_s0_unfused.pth.tar -o s0.safetensors',
    'mobileone reparam timm/mobileone_s1.apple_in1k -o s1.safetensors --naming timm',
  ],
  async run([input = ''], flags) {
    if (flags.output === undefined) throw new UsageError('say where to write with -o <path.safetensors>')
    if (!flags.output.endsWith('.safetensors')) {
      throw new UsageError(
        `reparam writes a .safetensors file, not ${flags.output}; mobileone export folds and writes other formats`,
      )
    }
    const train = await loadFor({ weights: input, ...flags })
    refuseNonFinite(train, `${input} cannot be folded`)
    if (hasInt8Weights(train)) {
      throw new UsageError(
        `${input} is in the int8 form, which has no branches left; use it as it is, or mobileone export it`,
      )
    }
    const start = performance.now()
    const deploy = await foldFor(train)
    const foldMs = performance.now() - start
    refuseNonFinite(deploy, `${input} cannot be folded`)
    const { maxAbsError, maxAbsValue } = await compareModels(train, deploy, {
      backend: await createBackend(flags.backend),
      inputs: smallInputs(train),
      signal: interrupted,
    })
    if (!(maxAbsError <= tolerance * Math.max(1, maxAbsValue))) {
      throw new MobileOneError(
        'cannot-fold',
        `the folded network differs from ${input} by ${maxAbsError} on outputs up to ${maxAbsValue}; that is more than rounding explains, so nothing was written`,
      )
    }
    const bytes = toSafetensors(deploy, {
      naming: flags.naming as 'canonical',
      storage: flags.storage as 'float32',
    })
    await writeFileAtomic(flags.output, bytes, interrupted)
    const result = {
      input,
      output: flags.output,
      bytes: bytes.length,
      train: { params: profile(train).params, nodes: train.nodes.length },
      deploy: { params: profile(deploy).params, nodes: deploy.nodes.length },
      foldMs,
      maxAbsError,
      maxAbsValue,
    }
    if (flags.json) printJson(result)
    else {
      printLine(
        `${printable(train.name)}: ${formatCount(result.train.params)} parameters in ${result.train.nodes} nodes`,
      )
      printLine(
        `  folded to ${formatCount(result.deploy.params)} parameters in ${result.deploy.nodes} nodes in ${formatMs(foldMs)}`,
      )
      printLine(
        `  largest difference ${maxAbsError.toExponential(2)} on random inputs (outputs up to ${maxAbsValue.toFixed(2)})`,
      )
      printLine(`  ${flags.output} (${formatBytes(bytes.length)})`)
    }
  },
})

function smallInputs(model: Model): Record<string, readonly number[]> {
  return Object.fromEntries(
    Object.entries(model.inputs).map(([name, { shape }]) => [
      name,
      shape.map((size, axis) => (axis < 2 ? size : Math.min(size, verifySize))),
    ]),
  )
}
