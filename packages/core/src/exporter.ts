/**
 * The exporter contract: a model in, the bytes of files out. An exporter is not responsible for folding (it writes the model it
 * gets), for writing to a disk, or for reading the files back. Same model, options and file name, same bytes.
 */
import type { Model } from './model/model.ts'

/** One option of an exporter as data: flags, their help and checks are made from it. */
export type ExporterOption = {
  /** One sentence that repeats neither the option's name nor its choices. */
  readonly description: string
  /**
   * The name of its flag on the command line, without dashes; `false` for an option of the API alone. Default: the option's
   * own name, `dynamicBatch` as `dynamic-batch`.
   */
  readonly flag?: string | false
} & (
  | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly default?: string }
  /** On or off; off where absent. */
  | { readonly kind: 'switch' }
  | { readonly kind: 'text' }
  /** A value that only code can give. */
  | { readonly kind: 'object'; readonly flag: false }
)

/** One file that an exporter made. */
export interface ExportedFile {
  /** Relative to where the caller saves; a file of a folder begins with the folder: `S0.mlpackage/Manifest.json`. */
  readonly path: string
  readonly bytes: Uint8Array
}

/** What an export makes: first the file, or the files of the folder, that was asked for; then files that belong beside it. */
export type ExportedFiles = readonly [ExportedFile, ...ExportedFile[]]

/** `Exporter` without `Options` is any exporter, whose options are known as data alone. */
export interface Exporter<Options extends object = never> {
  readonly specVersion: 1
  /** The name of the format, as `mobileone export --format` takes it. */
  readonly format: string
  /** What the names of its files end in, with the dot, the default first: `.onnx`. */
  readonly endings: readonly [string, ...string[]]
  /** One line that tells what the format is for. */
  readonly description: string
  readonly options: Readonly<Record<Extract<keyof Options, string>, ExporterOption>>
  /** True where the card's preprocessing and labels become part of what the file computes, so that a caller fills in what is missing. */
  readonly readsCard?: boolean
  /** What a user should know of the files of `model` that the options do not say; sentences without a capital and a full stop. */
  notes?(model: Model): readonly string[]
  /** @param fileName Without a folder, ending in one of `endings`. Default: the model's name with the first of them. */
  export(model: Model, options?: Options, fileName?: string): ExportedFiles | Promise<ExportedFiles>
}
