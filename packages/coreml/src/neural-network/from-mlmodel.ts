import { MobileOneError, type Model } from '@mobileone/core'
import { buildModel } from '../read/build-model.ts'
import type { FromCoreMLOptions } from '../read/from-coreml.ts'
import { type CoreMLSource, openModel } from '../read/open-model.ts'
import { importNetwork } from './import-network.ts'

/**
 * Read an older Core ML network (NeuralNetwork) made of the layers a `Model` has: the bytes of an `.mlmodel` file, or a package
 * that holds one. It is as `fromCoreML`, which reads ML programs.
 * @throws MobileOneError `unsupported` naming the layer that cannot be read, and for ML programs; `invalid-file` for damaged files.
 */
export function fromMLModel(source: CoreMLSource, options: FromCoreMLOptions = {}): Model {
  const { program, network, description, size } = openModel(source)
  if (program) {
    throw new MobileOneError(
      'unsupported',
      'this Core ML file is an ML program, not a neural network; read it with fromCoreML of @mobileone/coreml',
    )
  }
  return buildModel(importNetwork(network, description, size), description, options.name, 'network')
}
