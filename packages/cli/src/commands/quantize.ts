import { gzipSync } from 'node:zlib'
import { toSafetensors } from '@mobileone/checkpoint'
import { elementCount, type Model, printQuantization, type QuantizationReport } from '@mobileone/core'
import { quantize as quantizeModel } from '@mobileone/sdk'
import { createBackend } from '../backends.ts'
import { defineCommand, UsageError } from '../command.ts'
import { writeFileAtomic } from '../files.ts'
import { jsonFlag, offlineFlag, orientationFlag, outputFlag, sha256Flag, shapeFlags } from '../flags.ts'
import { openPhotographs } from '../photographs.ts'
import type { Unreadable } from '../pictures.ts'
import { foldFor, interrupted, loadFor, withProgress } from '../session.ts'
import { formatBytes, printable, printJson, printLine, printNote } from '../terminal.ts'

/** Fewer photographs leave steps of activations that cost much more accuracy than int8 itself. */
const fewPhotographs = 8
/** Below it, little is left of what the float network says. */
const leastSqnrDb = 8

export const quantize = defineCommand({
  name: 'quantize',
  summary: 'Make the int8 form of a network: a quarter of the bytes, and faster on most processors.',
  details:
    'With --photos pointwise layers are computed in integers, with steps found on --count photographs that are spread over the folder; up\n' +
    'to 32 others tell how far the result is from the float network. Take pictures as users will give them, and none that accuracy is\n' +
    'measured on afterwards. S0 gets 84.4 % of 250 photographs of ImageNet right in float32, 1 to 2 points less with 16 photographs, 1 to 3\n' +
    'with 4, and 5 to 8 with 1. Without --photos, or with --weights-only, weights alone are int8: the file is as small, runs are as fast\n' +
    'as in float32, and S0 loses 1 to 2 points, with the same class for 97 to 99 %; photographs then still correct the biases.\n' +
    'Pictures that cannot be read are told and others taken in their place. A folder of IDX files gives images of its training set.\n' +
    'Branches are folded first. The file is read by every command and by createClassifier.',
  positionals: '<weights>',
  minPositionals: 1,
  maxPositionals: 1,
  flags: {
    photos: { type: 'string', short: 'p', value: '<folder>', help: 'Photographs, in sub-folders too' },
    count: {
      type: 'number',
      value: '<n>',
      help: 'Photographs that set the steps',
      default: 16,
    },
    'float-share': {
      type: 'number',
      least: 0,
      isFraction: true,
      value: '<0..1>',
      help: 'Of the multiply-adds, how many may stay float where integers cost much accuracy; 0 is fastest',
      default: 0.125,
    },
    'weights-only': { type: 'boolean', help: 'Compute everything in float32; weights alone are int8' },
    output: { ...outputFlag, help: 'The .safetensors file to write' },
    backend: {
      type: 'string',
      short: 'b',
      value: '<name>',
      help: 'Where the network runs',
      choices: ['wasm', 'reference'],
      default: 'wasm',
    },
    orientation: orientationFlag('apply'),
    ...shapeFlags,
    sha256: sha256Flag,
    offline: offlineFlag,
    json: jsonFlag,
  },
  examples: [
    'mobileone quantize timm/mobileone_s0.apple_in1k --photos photographs -o s0.int8.safetensors',
    'mobileone quantize mobileone_s0_unfused.pth.tar -p photographs --count 32 -o s0.int8.safetensors --json',
    'mobileone quantize mine.safetensors --weights-only -o mine.int8.safetensors',
  ],
  async run([input = ''], flags) {
    const { output, photos, count, orientation } = flags
    if (output === undefined) throw new UsageError('say where to write with -o <path.safetensors>')
    if (!output.endsWith('.safetensors')) {
      throw new UsageError(
        `quantize writes a .safetensors file, not ${output}; mobileone export writes other formats of it`,
      )
    }
    const backend = await createBackend(flags.backend)
    const photographs = photos === undefined ? undefined : await openPhotographs(photos)
    const loaded = await loadFor({ weights: input, ...flags })
    const float = await foldFor(loaded)
    const unreadable: Unreadable[] = []
    const { model, report } = await withProgress((onProgress) =>
      quantizeModel(float, {
        ...(photographs && { photographs: photographs.sources, count, activations: !flags['weights-only'] }),
        floatShare: flags['float-share'],
        backend,
        decoding: { orientation: orientation as 'apply' },
        onSkipped({ message }, index) {
          const file = photographs?.names[index] ?? ''
          unreadable.push({ file, error: message })
          printNote(`mobileone: ${message}; another is taken`)
        },
        onProgress,
        signal: interrupted,
      }),
    )
    const bytes = toSafetensors(model)
    await writeFileAtomic(output, bytes, interrupted)
    const sizes = {
      bytes: bytes.length,
      gzipBytes: gzipSync(bytes, { level: 9 }).length,
      floatBytes: floatBytes(float),
    }
    if (flags.json) {
      const { layers, ...outcome } = report
      printJson({ input, output, ...outcome, ...sizes, ...(unreadable.length > 0 && { unreadable }), layers })
    } else {
      printLine(`${printable(float.name)}\n\n${printQuantization(report)}`)
      printLine(
        `${output}: ${formatBytes(sizes.bytes)}, ${formatBytes(sizes.gzipBytes)} gzipped, of ${formatBytes(sizes.floatBytes)} in float32`,
      )
    }
    for (const note of notesOn(report)) printNote(`mobileone: ${note}`)
  },
})

function floatBytes({ weights }: Model): number {
  return Object.values(weights).reduce((sum, { shape }) => sum + 4 * elementCount(shape), 0)
}

/** What a reader of the figures should know. */
function notesOn({ form, samples, calibratedOn, sqnrDb }: QuantizationReport): string[] {
  const notes: string[] = []
  if (form === 'w8a7' && samples < fewPhotographs) {
    notes.push(
      `steps from ${samples} photograph${samples === 1 ? '' : 's'} cost accuracy (S0: 1 to 3 points with 4, 5 to 8 with 1); give 16, or --weights-only`,
    )
  }
  if (sqnrDb < leastSqnrDb) {
    notes.push(
      `the int8 network is far from the float one (${sqnrDb.toFixed(1)} dB); ` +
        (calibratedOn === 'noise'
          ? 'give photographs with --photos'
          : 'measure it with mobileone eval before you use it, or take --weights-only'),
    )
  }
  return notes
}
