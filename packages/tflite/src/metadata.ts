import type { ModelCard, Preprocess } from '@mobileone/core'
import { Builder, type Offset } from 'flatbuffers'
import { type Field, floats, int8, offsets, ref, table, uint8 } from './flatbuffer.ts'
import type { OutputLabels } from './labels.ts'
import type { Lowering } from './lowering.ts'

/** What a model calls its metadata. */
export const metadataName = 'TFLITE_METADATA'

/** Numbers of tensorflow_lite_support/metadata/metadata_schema.fbs, and the oldest parser that understands what is used of it. */
const schema = {
  identifier: 'M001',
  minParserVersion: '1.0.0',
  content: { feature: 1, image: 2 },
  colorSpace: { rgb: 1, grayscale: 2 },
  processUnit: { normalization: 1 },
  file: { axisLabels: 2 },
} as const

/**
 * The card as TensorFlow Lite metadata, which Android Studio, MediaPipe Tasks and the Task Library read: names, description, author
 * and licence; of an image its normalisation in units of pixels of 0..255; the file of the labels.
 */
export function encodeMetadata(
  { model, shapes }: Pick<Lowering, 'model' | 'shapes'>,
  card: ModelCard,
  labels: OutputLabels | undefined,
): Uint8Array {
  const builder = new Builder(4096)
  const text = (value: string | undefined): Field =>
    value === undefined ? undefined : ref(builder.createString(value))
  const list = (tables: readonly Offset[]): Field => ref(offsets(builder, tables))

  const names = Object.keys(model.inputs)
  const inputs = names.map((name) => {
    const { preprocess } = card
    const channels = shapes[name]?.length === 4 ? shapes[name][1] : undefined
    if (names.length > 1 || !preprocess || (channels !== 1 && channels !== 3)) {
      return table(builder, [text(name)])
    }
    const description = text(describe(preprocess, channels))
    return table(builder, [text(name), description, undefined, ...imageFields(builder, preprocess, channels)])
  })
  const outputs = Object.keys(model.outputs).map((name) => {
    const properties = table(builder, [])
    const content = table(builder, [uint8(schema.content.feature), ref(properties)])
    const files: Offset[] = []
    if (labels?.output === name) {
      const purpose = text('The labels of the classes in their order, one a line')
      files.push(table(builder, [text(labels.fileName), purpose, int8(schema.file.axisLabels)]))
    }
    const associated = files.length === 0 ? undefined : list(files)
    return table(builder, [text(name), undefined, undefined, ref(content), undefined, undefined, associated])
  })
  const subgraph = table(builder, [undefined, undefined, list(inputs), list(outputs)])
  const source = card.source === undefined ? undefined : `Weights: ${card.source}`
  const description = [card.description, source].filter((part) => part !== undefined).join('\n')
  const root = table(builder, [
    text(model.name),
    text(description === '' ? undefined : description),
    undefined,
    list([subgraph]),
    text(card.author),
    text(card.licence),
    undefined,
    text(schema.minParserVersion),
  ])
  builder.finish(root, schema.identifier)
  return builder.asUint8Array()
}

/** The fields `content`, `process_units` and `stats` of an input that takes images. */
function imageFields(builder: Builder, { mean, std }: Preprocess, channels: number): readonly Field[] {
  const isColoured = channels === 3
  const properties = table(builder, [int8(isColoured ? schema.colorSpace.rgb : schema.colorSpace.grayscale)])
  const content = table(builder, [uint8(schema.content.image), ref(properties)])
  const inPixels = (values: readonly number[]): Field =>
    ref(floats(builder, shorten(values.map((value) => 255 * value))))
  const normalization = table(builder, [inPixels(mean), inPixels(std)])
  const unit = table(builder, [uint8(schema.processUnit.normalization), ref(normalization)])
  const bounds = (pixel: number): Field =>
    ref(floats(builder, shorten(mean.map((value, channel) => (pixel - value) / (std[channel] as number)))))
  const stats = table(builder, [bounds(1), bounds(0)])
  return [ref(content), ref(offsets(builder, [unit])), ref(stats)]
}

/** One value for all channels where they agree: MediaPipe Tasks normalises all alike or not at all. */
function shorten(values: readonly number[]): readonly number[] {
  const [first] = values
  return first !== undefined && values.every((value) => value === first) ? [first] : values
}

function describe({ size, resize, interpolation }: Preprocess, channels: number): string {
  const [height, width] = size
  const image = channels === 3 ? 'RGB image' : 'Grayscale image'
  return `${image}: its shorter side resized to ${resize} (${interpolation}), of which the centre ${height} x ${width} (height x width)`
}
