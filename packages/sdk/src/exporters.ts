import { safetensors, type ToSafetensorsOptions } from '@mobileone/checkpoint'
import {
  type ExportedFiles,
  type Exporter,
  MobileOneError,
  type Model,
  refuseNonFinite,
} from '@mobileone/core'
import type { CoreMLExportOptions } from '@mobileone/coreml'
import type { MLModelExportOptions } from '@mobileone/coreml/mlmodel'
import type { OnnxOptions } from '@mobileone/onnx'
import type { TfliteOptions } from '@mobileone/tflite'
import { withAssumedCard } from './assumed-card.ts'

/** Formats by name, each with what loads its exporter: a format that is not used costs a page nothing. */
export type ExporterTable = Readonly<Record<string, () => Promise<Exporter>>>

/** Every format that the SDK and the command line export to. Another one is its package and a row here. */
export const exporters = {
  safetensors: async (): Promise<Exporter<ToSafetensorsOptions>> => safetensors(),
  onnx: async (): Promise<Exporter<OnnxOptions>> => (await import('@mobileone/onnx')).onnx(),
  coreml: async (): Promise<Exporter<CoreMLExportOptions>> => (await import('@mobileone/coreml')).coreml(),
  mlmodel: async (): Promise<Exporter<MLModelExportOptions>> =>
    (await import('@mobileone/coreml/mlmodel')).mlmodel(),
  tflite: async (): Promise<Exporter<TfliteOptions>> => (await import('@mobileone/tflite')).tflite(),
} satisfies ExporterTable

/** A format that `exportModel` writes. */
export type ExportFormat = keyof typeof exporters

type OptionsOf<E> = E extends Exporter<infer Options> ? Options : never

/** The options of a format's exporter, and how its file is called. */
export type ExportOptions<Format extends ExportFormat = ExportFormat> = OptionsOf<
  Awaited<ReturnType<(typeof exporters)[Format]>>
> & {
  /** Without a folder, with an ending of the format. Default: the model's name with the format's first ending. */
  readonly fileName?: string
}

/**
 * `model`, in the form it has, as the files of `format`. Where a format carries preprocessing and labels and the card has none,
 * they are those of `withAssumedCard`.
 * @throws MobileOneError `invalid-argument` for a format, an ending or an option that is unknown, and where an option does not
 * fit the model; `unsupported` for a model that the format cannot hold.
 */
export async function exportModel<Format extends ExportFormat>(
  model: Model,
  format: Format,
  options: ExportOptions<Format> = {} as ExportOptions<Format>,
): Promise<ExportedFiles> {
  const { fileName, ...given } = options
  const exporter = await loadExporter(exporters, format)
  if (fileName !== undefined) checkEnding(exporter, fileName)
  checkOptions(exporter, given)
  return runExporter(exporter, model, given, fileName)
}

/**
 * Export with options that were checked before.
 * @throws what the exporter throws.
 */
export async function runExporter(
  exporter: Exporter,
  model: Model,
  options: Readonly<Record<string, unknown>>,
  fileName?: string,
): Promise<ExportedFiles> {
  refuseNonFinite(model, `"${model.name}" cannot be exported as ${exporter.format}`)
  const complete = exporter.readsCard ? await withAssumedCard(model) : model
  return exporter.export(complete, options as never, fileName)
}

async function loadExporter(table: ExporterTable, format: string): Promise<Exporter> {
  const load = Object.hasOwn(table, format) ? table[format] : undefined
  if (!load) {
    throw new MobileOneError(
      'invalid-argument',
      `there is no format "${format}"; the formats are ${Object.keys(table).join(', ')}`,
    )
  }
  return load()
}

/**
 * The exporter among `candidates` whose ending `fileName` has; the longest ending decides.
 * @throws MobileOneError `invalid-argument` listing all endings where no exporter has it.
 */
export function exporterFor(candidates: readonly Exporter[], fileName: string): Exporter {
  const [found] = candidates
    .flatMap((exporter) => exporter.endings.map((ending) => ({ exporter, ending })))
    .filter(({ ending }) => fileName.endsWith(ending))
    .sort((a, b) => b.ending.length - a.ending.length)
  if (found) return found.exporter
  const known = candidates.map(({ format, endings }) => `${endings.join(' or ')} (${format})`)
  throw new MobileOneError(
    'invalid-argument',
    `the ending of "${fileName}" belongs to no format; use ${known.join(', ')}`,
  )
}

/** @throws MobileOneError `invalid-argument` naming the endings of the format. */
export function checkEnding({ format, endings }: Exporter, fileName: string): void {
  if (endings.some((ending) => fileName.endsWith(ending))) return
  throw new MobileOneError(
    'invalid-argument',
    `the name of a file in the format ${format} ends in ${endings.join(' or ')}; got "${fileName}"`,
  )
}

/**
 * Check the names of options, and values that are one of a few.
 * @param spell How a message names an option, undefined where it does not mention it. Default: by its name.
 * @throws MobileOneError `invalid-argument` naming what the exporter takes.
 */
export function checkOptions(
  { format, options }: Exporter,
  given: Readonly<Record<string, unknown>>,
  spell: (name: string) => string | undefined = (name) => name,
): void {
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    const option = Object.hasOwn(options, name) ? options[name] : undefined
    if (!option) {
      const known = Object.keys(options).flatMap((each) => spell(each) ?? [])
      throw new MobileOneError(
        'invalid-argument',
        `${spell(name) ?? name} is not an option of ${format}; it takes ${known.join(', ') || 'none'}`,
      )
    }
    if (option.kind === 'choice' && !option.choices.some((choice) => choice === value)) {
      throw new MobileOneError(
        'invalid-argument',
        `${spell(name) ?? name} of ${format} is one of ${option.choices.join(', ')}; got ${JSON.stringify(value)}`,
      )
    }
  }
}
