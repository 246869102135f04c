import { readFile } from 'node:fs/promises'
import { elementCount, formatShape, MobileOneError, type TensorSpec, tensor } from '@mobileone/core'
import type { LocalClassifier } from '@mobileone/sdk'
import { backendDetails, backendFlags } from '../backends.ts'
import { defineCommand, UsageError } from '../command.ts'
import { writeFileAtomic } from '../files.ts'
import {
  jsonFlag,
  offlineFlag,
  orientationFlag,
  outputFlag,
  sha256Flag,
  shapeFlags,
  variantFlag,
  weightsFlag,
} from '../flags.ts'
import { openPicture, whyMissing } from '../pictures.ts'
import { classifierFor, interrupted, sourceOf } from '../session.ts'
import { formatBytes, printJson, printLine } from '../terminal.ts'

export const logits = defineCommand({
  name: 'logits',
  summary: 'Write the raw output of the network as little-endian float32.',
  details:
    'A .f32 file holds preprocessed input as little-endian float32 in NCHW order; its length gives the batch size.\nAnything else is decoded as a picture and preprocessed by the rule that comes with the weights; - is a picture from standard input.' +
    `\n\n${backendDetails}`,
  positionals: '<image or .f32>',
  minPositionals: 1,
  maxPositionals: 1,
  flags: {
    output: outputFlag,
    weights: weightsFlag,
    variant: variantFlag,
    ...shapeFlags,
    ...backendFlags,
    orientation: orientationFlag('ignore'),
    sha256: sha256Flag,
    offline: offlineFlag,
    json: jsonFlag,
  },
  examples: [
    'mobileone logits cat.jpg --variant s0 -o cat.f32',
    'mobileone logits input.f32 --weights s0.safetensors -o logits.f32',
  ],
  async run([file = ''], flags) {
    if (flags.output === undefined) throw new UsageError('say where to write with -o <path>')
    sourceOf(flags)
    const raw = file.toLowerCase().endsWith('.f32') ? await readRaw(file) : undefined
    const missing = raw ? undefined : await whyMissing(file)
    if (missing) throw missing
    const classifier = await classifierFor(flags)
    try {
      const rows = raw
        ? await rawRows(classifier, file, raw)
        : [
            await classifier.logits(await openPicture(file), {
              orientation: flags.orientation as 'apply' | 'ignore',
              signal: interrupted,
            }),
          ]
      const bytes = encodeFloat32(rows)
      await writeFileAtomic(flags.output, bytes, interrupted)
      const shape = [rows.length, rows[0]?.length ?? 0]
      if (flags.json) printJson({ file, output: flags.output, shape, backend: classifier.backend })
      else
        printLine(
          `${flags.output}: ${formatShape(shape)} float32 (${formatBytes(bytes.length)}), ${classifier.backend}`,
        )
    } finally {
      await classifier.dispose()
    }
  },
})

async function readRaw(file: string): Promise<Uint8Array> {
  return readFile(file).catch((cause: Error) => {
    throw new MobileOneError('invalid-file', `cannot read ${file}: ${cause.message}`, { cause })
  })
}

/** The logits of each item of a .f32 file. */
async function rawRows(
  classifier: LocalClassifier,
  file: string,
  bytes: Uint8Array,
): Promise<Float32Array[]> {
  const { shape } = Object.values(classifier.executor.inputs)[0] as TensorSpec
  const itemBytes = elementCount(shape) * Float32Array.BYTES_PER_ELEMENT
  if (bytes.length === 0 || bytes.length % itemBytes !== 0) {
    throw new MobileOneError(
      'invalid-file',
      `${file} has ${bytes.length} bytes, not a multiple of the ${itemBytes} bytes of one input ${formatShape(shape)}`,
    )
  }
  const rows: Float32Array[] = []
  for (let start = 0; start < bytes.length; start += itemBytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, itemBytes)
    const data = Float32Array.from({ length: elementCount(shape) }, (_, index) =>
      view.getFloat32(4 * index, true),
    )
    rows.push(await classifier.logits(tensor(shape, data), { signal: interrupted }))
  }
  return rows
}

function encodeFloat32(rows: readonly Float32Array[]): Uint8Array {
  const values = rows.flatMap((row) => [...row])
  const view = new DataView(new ArrayBuffer(4 * values.length))
  for (const [index, value] of values.entries()) view.setFloat32(4 * index, value, true)
  return new Uint8Array(view.buffer)
}
