import { MobileOneError, type Model } from '@mobileone/core'
import { buildModel } from './build-model.ts'
import { importProgram } from './import-program.ts'
import { type CoreMLSource, openModel } from './open-model.ts'

/** How a model that is read from a Core ML file is called. */
export interface FromCoreMLOptions {
  /** Name of the model; otherwise the one recorded in the file. */
  readonly name?: string
}

/**
 * Read an ML program made of the ops a `Model` has, from a package, a zipped package or the bytes of its `.mlmodel` file. Weights
 * become float32. Normalisation of an image input becomes the card's preprocessing, and the model takes normalised
 * values; a classifier becomes labels in the card and the output `logits`.
 * @throws MobileOneError `unsupported` naming the operation that cannot be read, and for older networks, which `fromMLModel` of
 * `@mobileone/coreml/mlmodel` reads; `invalid-file` for damaged files.
 */
export function fromCoreML(source: CoreMLSource, options: FromCoreMLOptions = {}): Model {
  const { program, description, weights, size } = openModel(source)
  if (!program) {
    throw new MobileOneError(
      'unsupported',
      'this Core ML file is a neural network, not an ML program; read it with fromMLModel of @mobileone/coreml/mlmodel',
    )
  }
  return buildModel(
    importProgram(program, description, weights, size),
    description,
    options.name,
    program.functionName,
  )
}
