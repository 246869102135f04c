import type { Exporter, Model } from '@mobileone/core'
import { zipPackage } from './package.ts'
import type { CoreMLOptions } from './write/options.ts'
import { toCoreML } from './write/to-coreml.ts'

/** The Core ML exporter: one zip file with the folder `<name>.mlpackage` inside. `toCoreML` gives the files themselves. */
export function coreml(): Exporter<CoreMLOptions> {
  return {
    specVersion: 1,
    format: 'coreml',
    extension: 'mlpackage.zip',
    export: (model: Model, options?: CoreMLOptions) => zipPackage(toCoreML(model, options)),
  }
}
